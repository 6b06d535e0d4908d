# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs each example of the module documentation, unchanged, against the sandbox."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from tests.integration.ansible_run import Player, connection
from tests.integration.documentation import MODULES, documented
from tests.sandbox import COLLEAGUE_EMAIL, LEAVER_EMAIL, Options, Sandbox, demo_seed, fake_secret


def _seed() -> dict[str, Any]:
    """Return an account in which each example selects tokens."""
    seed = demo_seed()
    for number, fields in {
        1103: {"agent_id": 10000001, "client_identifier": "old-dashboard", "expire_date": "now-100d"},
        1104: {"agent_id": 10000009, "client_identifier": "zopim", "expire_date": None},
    }.items():
        seed["tokens"].append(
            {
                "id": number,
                "access_token": fake_secret("access", number),
                "refresh_token": fake_secret("refresh", number),
                "create_date": "now-500d",
                "scopes": "read",
                "token_type": "Bearer",
                **fields,
            }
        )
    return seed


SEED = _seed()


def _uses_the_api(task: dict[str, Any]) -> bool:
    return any(key.startswith("zchat.admin.") for key in task)


# The example of this module requires the variables of a playbook.
@pytest.mark.parametrize("module", [module for module in MODULES if module != "zchat_summary"])
def test_examples(module: str, player: Player, sandbox: Sandbox) -> None:
    """Each example succeeds, and its result is not empty. Each has its own account, because many of them revoke tokens."""
    examples = documented(module, "EXAMPLES")
    assert examples
    assert all(task.get("name") for task in examples), "each example has a name"
    names = [task["name"] for task in examples]
    assert len(set(names)) == len(names)
    sandbox.reset(seed=SEED)
    with contextlib.ExitStack() as stack:
        tasks = []
        for example in examples:
            account = stack.enter_context(Sandbox(Options(seed=SEED))) if _uses_the_api(example) else sandbox
            variables = {"chat_api_url": account.api_url, "chat_access_token": account.access_token}
            tasks.append({"block": [example], "environment": connection(account), "vars": variables})
        run = player.play(
            tasks,
            variables={
                # A token that the API lists, but no longer accepts: no value still works after the example.
                "leaked_value": fake_secret("access", 1201),
                "people_to_keep": [LEAVER_EMAIL, COLLEAGUE_EMAIL],
            },
        ).check()
    assert [(task.name, task.state) for task in run.tasks] == [(name, "ok") for name in names]
    with_requests = [task for task in run.tasks if _uses_the_api({task.action: None})]
    assert f"zchat.admin.{module}" in {task.action for task in with_requests}
    for task in with_requests:
        if task.action in ("zchat.admin.zchat_oauth_token", "zchat.admin.zchat_oauth_client"):
            assert task.result["revoked"], task.name
            assert task.result["verified"], task.name
        else:
            lists = [value for value in task.result.values() if isinstance(value, list) and value]
            assert lists or task.result.get("report") or task.result.get("ready"), task.name
