# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook ``zchat.admin.preflight``: one line for each account, its findings, and no secret."""

from __future__ import annotations

from typing import Any

from tests.integration.ansible_run import Player, Run
from tests.sandbox import Sandbox, fake_secret

PLAYBOOK = "zchat.admin.preflight"
READ_ONLY, OF_AN_AGENT, WITHOUT_READ = 1102, 1203, 1206
"""Tokens of the demo account: of the Administrator with only ``read``, of another agent, and with only ``chat``."""
ACTION = "zchat.admin.zchat_preflight"


def connection(account: Sandbox) -> dict[str, str]:
    return {"ZCHAT_API_URL": account.api_url, "ZCHAT_ACCESS_TOKEN": str(account.access_token)}


def host(account: Sandbox, number: int | None = None) -> dict[str, Any]:
    """Return the connection to an account, with one of its tokens."""
    value = account.access_token if number is None else fake_secret("access", number)
    return {"zchat_api_url": account.api_url, "zchat_access_token": value}


def printed(run: Run) -> list[str]:
    lines: list[str] = run["Show all accounts"]["accounts"]
    assert all(line in run.stdout for line in lines if '"' not in line)
    return lines


def test_the_account_in_environment_variables(player: Player, sandbox: Sandbox) -> None:
    for more in ([], ["--check"]):
        run = player.play_playbook(PLAYBOOK, more, {"preflight_ticket": "CHG-1"}, connection(sandbox)).check()
        assert printed(run) == [f"localhost: ready ({sandbox.api_url}; 21 tokens of 5 agents listed)"]
    assert {entry["method"] for entry in sandbox.state.requests} == {"GET"}


def test_accounts_that_are_not_ready(player: Player, sandbox: Sandbox) -> None:
    with Sandbox() as own_only:
        own_only.reset(own_only=True)
        hosts = {
            "ready": host(sandbox),
            "own-only": host(own_only),
            "read-only": host(sandbox, READ_ONLY),
            "agent": host(sandbox, OF_AN_AGENT),
            "forbidden": host(sandbox, WITHOUT_READ),
            "rejected": {**host(sandbox), "zchat_access_token": "no-such-t0ken"},
            "without": {"zchat_subdomain": "acme"},
        }
        run = player.play_playbook(
            PLAYBOOK, [], {"preflight_accounts": "all"}, connection(sandbox), {"all": {"hosts": hosts}}
        )
        assert {entry["method"] for entry in [*sandbox.state.requests, *own_only.state.requests]} == {"GET"}
    assert run.rc == 2, run.output
    assert "Traceback (most recent call last)" not in run.output
    lines = printed(run)
    found: dict[str, list[str]] = {}
    for line in lines:
        name, _colon, state = line.partition(": ")
        if name in hosts:
            found[name] = []
            assert state.startswith("ready" if name in ("ready", "own-only") else "NOT READY"), line
        else:
            list(found.values())[-1].append(line)
    assert list(found) == list(hosts)
    assert found["ready"] == []
    parts = {
        "own-only": "only tokens of this agent",
        "read-only": "lacks the scope 'write'",
        "agent": "The agent is not an Administrator.",
        "forbidden": "The tokens cannot be listed.",
        "rejected": "HTTP 401",
        "without": "without has no value for zchat_access_token",
    }
    for name, part in parts.items():
        assert part in " ".join(found[name]), found[name]
    assert run["Show all accounts"]["msg"].startswith("NOT READY: 5 of 7 accounts (read-only, agent, forbidden, ")


def test_a_misspelled_variable(player: Player, sandbox: Sandbox) -> None:
    run = player.play_playbook(PLAYBOOK, [], {"preflight_account": "all"}, connection(sandbox))
    assert run.rc == 2
    assert "'preflight_account' (use 'preflight_accounts')" in printed(run)[1]
    assert sandbox.state.requests == []
