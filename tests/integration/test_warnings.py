# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Warnings: only what a person should check causes one."""

from __future__ import annotations

from typing import Any

from tests.integration.ansible_run import Player, chat_defaults, sandbox_variables
from tests.sandbox import COLLEAGUE_EMAIL, Options, Sandbox

REVOKE, INFO, AGENTS = (f"zchat.admin.zchat_{name}" for name in ("oauth_token", "oauth_token_info", "agent_info"))


def _task(module: str, name: str, options: dict[str, Any]) -> dict[str, Any]:
    state = {"state": "absent"} if module == REVOKE else {}
    return {"name": name, module: {**state, **options}}


def test_nightly_run(player: Player, sandbox: Sandbox) -> None:
    """A healthy run causes no warning, in the first night and in the second, when there is nothing left to revoke."""
    tasks = [
        _task(REVOKE, f"{name} {night}", {"max_revocations": 20, **options})
        for night in (1, 2)
        for name, options in {
            "expired": {"expired": True},
            "departed": {"agent_emails": [COLLEAGUE_EMAIL], "names": True},
            "no address": {"agent_emails": []},
        }.items()
    ]
    tasks += [_task(INFO, "list", {"names": True}), _task(AGENTS, "agents", {})]
    run = player.play(tasks, variables=sandbox_variables(sandbox), module_defaults=chat_defaults()).check()
    assert [len(task.result["revoked"]) for task in run.tasks if task.action == REVOKE] == [8, 1, 0, 0, 0, 0]
    assert all(task.result["verified"] for task in run.tasks if task.action == REVOKE)
    assert "[WARNING]" not in run.output
    assert [task.name for task in run.tasks if task.result.get("warnings")] == []


def test_warnings(player: Player, sandbox: Sandbox) -> None:
    """Each of these causes one warning, which names what to check."""
    one_agent = [{"path": "/agents/me$", "status": 404}]
    with (
        Sandbox(Options(own_only=True)) as own_only,
        Sandbox(Options(list_cap=1, faults=one_agent)) as unknown_caller,
    ):
        cases: dict[str, tuple[str, dict[str, Any], list[str]]] = {
            "own_only": (INFO, {"api_url": own_only.api_url}, ["no token of another agent", "'listed'"]),
            "own_only is null": (INFO, {"api_url": unknown_caller.api_url}, ["all agents", "'listed'"]),
            "agent id": (REVOKE, {"agent_ids": [7]}, ["agent 7"]),
            "client": (REVOKE, {"client_identifiers": ["zopin", "zopim"], "ids": []}, ["client zopin", "typo"]),
            "address": (REVOKE, {"agent_emails": ["nobody@example.com"]}, ["nobody@example.com", "typos"]),
            "value": (INFO, {"token_values": ["a-value-that-no-token-has"]}, ["'token_values'"]),
            "agent": (AGENTS, {"agent_ids": [7]}, ["the id 7"]),
        }
        run = player.play(
            [_task(module, name, options) for name, (module, options, _words) in cases.items()],
            variables=sandbox_variables(sandbox),
            module_defaults=chat_defaults(),
            secrets=["a-value-that-no-token-has"],
        ).check()
    assert run["own_only"]["listed"]["own_only"] is True
    assert run["own_only is null"]["listed"] == {"tokens": 1, "agents": 1, "own_only": None}
    for name, (_module, _options, words) in cases.items():
        (warning,) = run[name]["warnings"]
        assert [word for word in words if word not in warning] == [], warning
    assert not [task.name for task in run.tasks if task.result["changed"]]
