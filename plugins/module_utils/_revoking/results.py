# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The outcomes of a run -> the result of its module. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils._api.resources import AnyItem
from ansible_collections.zchat.admin.plugins.module_utils._api.tokens import Token, diff_line, token_result
from ansible_collections.zchat.admin.plugins.module_utils._errors import Failure
from ansible_collections.zchat.admin.plugins.module_utils._revoking.outcomes import Outcome, Outcomes
from ansible_collections.zchat.admin.plugins.module_utils._text import counted


def token_outcomes(outcomes: Outcomes[Token], check_mode: bool = False) -> dict[str, Any]:
    """Return the result of ``zchat_oauth_token``."""
    revoked = outcomes.items(Outcome.REVOKED)
    return {
        "changed": bool(revoked),
        "msg": outcomes.failure_message() if outcomes.failed else _message(outcomes, check_mode),
        "revoked": [token_result(token) for token in revoked],
        "kept": [{**token_result(row.item), "reason": row.reason} for row in outcomes.with_outcome(Outcome.KEPT)],
        "gone": [token_result(token) for token in outcomes.items(Outcome.GONE)],
        "not_revoked": not_removed(outcomes, token_result),
        "already_absent": sorted(outcomes.already_absent),
        "verified": outcomes.verified and not outcomes.failed,
        "listed": None if outcomes.listed is None else vars(outcomes.listed),
        "own_token_id": outcomes.own_token_id,
        "unknown_agent_emails": outcomes.unknown_agent_emails,
        "unknown_client_names": outcomes.unknown_client_names,
        "warnings": outcomes.warnings,
        **failed([] if not outcomes.failed else outcomes.failures(), outcomes.failed),
    }


def not_removed(outcomes: Outcomes[AnyItem], result_of: Callable[[AnyItem], dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the items that were not removed, each with the HTTP ``status`` and the reason in ``msg``."""
    return [
        {**result_of(row.item), "status": row.failure.status, "msg": outcomes.reason(row.failure)}
        for row in outcomes.with_outcome(Outcome.NOT_REVOKED)
        if row.failure
    ]


def failed(failures: Sequence[Failure], is_failed: bool) -> dict[str, Any]:
    """Return the keys of a failed task: also the first HTTP status that caused one of its ``failures``."""
    statuses = [failure.status for failure in failures if failure.status is not None]
    return {**({"failed": True} if is_failed else {}), **({"status": statuses[0]} if is_failed and statuses else {})}


def token_diff(
    outcomes: Outcomes[Token], agent_name: Callable[[Any], str] = str, client_name: Callable[[Any], str] = str
) -> dict[str, str]:
    """Return one line per selected token, and the lines that remain."""
    return diff(
        outcomes, lambda token: diff_line(token, agent_name(token.agent_id), client_name(token.client_identifier))
    )


def diff(outcomes: Outcomes[AnyItem], line_of: Callable[[AnyItem], str]) -> dict[str, str]:
    """Return one line per selected item, and the lines that remain."""
    before, after = [], []
    for _number, row in sorted(outcomes.rows.items()):
        line = line_of(row.item)
        before.append(f"{line}\n")
        if row.outcome in (Outcome.KEPT, Outcome.NOT_REVOKED):
            after.append(f"{line}\n")
    return {"before": "".join(before), "after": "".join(after)}


def _message(outcomes: Outcomes[Token], check_mode: bool) -> str:
    revoked, kept_tokens = outcomes.counts[Outcome.REVOKED], outcomes.counts[Outcome.KEPT]
    kept = f" {counted(kept_tokens, 'token')} kept." if kept_tokens else ""
    if not revoked:
        return f"No token to revoke.{kept}"
    if check_mode:
        return f"{counted(revoked, 'token')} would be revoked.{kept}"
    proof = "and no selected token is left" if outcomes.verified else "not verified"
    return f"{counted(revoked, 'token')} revoked, {proof}.{kept}"
