# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results of ``zchat_connection_info`` -> lines that a person can read, and paste into an issue. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils._text import abridged, counted

Result = Mapping[str, Any]


def preflight_result(info: Result) -> dict[str, Any]:
    """Return the check of one account from the result of the module."""
    failed = bool(info.get("failed"))
    ready = bool(info.get("ready")) and not failed
    findings = [str(info.get("msg"))] if failed else [finding["text"] for finding in info["findings"]]
    return {
        "changed": False,
        "failed": not ready,
        "msg": "ready" if ready else f"NOT READY: {' '.join(findings)}",
        "account": info.get("account"),
        "ready": ready,
        "findings": findings,
        "listed": info.get("listed"),
        "warnings": list(info.get("warnings", ())),
    }


def preflight_headline(checks: Mapping[str, Result]) -> str:
    """Return the result for all accounts in one sentence without a period."""
    failed = [name for name, check in checks.items() if not check.get("ready")]
    accounts = counted(len(checks), "account")
    return f"NOT READY: {len(failed)} of {accounts} ({abridged(failed)})" if failed else f"{accounts} ready"


def preflight_lines(checks: Mapping[str, Result]) -> list[str]:
    """Return one line for each account, by its name, and below it one line for each finding."""
    lines = []
    for name, check in checks.items():
        state = "ready" if check.get("ready") else "NOT READY"
        lines.append(f"{name}: {state} ({'; '.join(_facts(check))})")
        lines += [f"- {finding}" for finding in check.get("findings", [check.get("msg") or "It was not processed."])]
    return lines


def _facts(check: Result) -> list[str]:
    listed = check.get("listed")
    shown = [f"{counted(listed['tokens'], 'token')} of {counted(listed['agents'], 'agent')} listed"] if listed else []
    return [str(check.get("account") or "account not known"), *shown]
