# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs every example of the module documentation, as it stands there, against the sandbox."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.ansible_run import Player
from tests.integration.documentation import MODULES, documented
from tests.integration.zendesk import Zendesk
from tests.sandbox import Sandbox, demo_seed, fake_secret

# An account in which each example finds something to do.
SEED = demo_seed()
SEED["tokens"].append(
    {
        "access_token": fake_secret("access", 1103),
        "agent_id": 10000001,
        "client_identifier": "old-dashboard",
        "create_date": "now-500d",
        "expire_date": "now-100d",
        "id": 1103,
        "refresh_token": fake_secret("refresh", 1103),
        "scopes": "read",
        "token_type": "Bearer",
    }
)


def _reset(sandbox: Sandbox, number: int) -> dict[str, Any]:
    """A task that brings the account back after an example that may have changed it."""
    uri = {"url": f"{sandbox.url}/_sandbox/reset", "method": "POST", "status_code": 204}
    body = {"body_format": "json", "body": {"options": {"seed": SEED}}}
    return {"name": f"reset {number}", "ansible.builtin.uri": {**uri, **body}, "no_log": True}


def _asks_the_api(task: dict[str, Any]) -> bool:
    return any(key.startswith("zchat.admin.") for key in task)


def test_there_are_modules() -> None:
    assert {"zchat_oauth_token", "zchat_oauth_token_info"} <= set(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_examples(module: str, player: Player, sandbox: Sandbox, zendesk: Zendesk) -> None:
    """Each example is played, in order, and has something to show."""
    examples = documented(module, "EXAMPLES")
    assert examples
    assert all(task.get("name") for task in examples), "each example says what it is for"
    names = [task["name"] for task in examples]
    assert len(set(names)) == len(names)
    sandbox.reset(seed=SEED)
    tasks = []
    for number, example in enumerate(examples):
        tasks.append(example)
        if _asks_the_api(example) and not module.endswith("_info"):
            tasks.append(_reset(sandbox, number))
    run = player.play(
        tasks,
        variables={
            "leaked_value": fake_secret("refresh", 1204),
            "chat_api_url": sandbox.api_url,
            "chat_access_token": sandbox.access_token,
        },
        environment={
            "ZCHAT_API_URL": sandbox.api_url,
            "ZCHAT_ACCESS_TOKEN": str(sandbox.access_token),
            # For an example with a subdomain.
            **zendesk.environment,
            "ZCHAT_CA_PATH": str(zendesk.ca_path),
        },
    ).check()
    played = [task for task in run.tasks if not task.name.startswith("reset ")]
    assert [(task.name, task.state) for task in played] == [(name, "ok") for name in names]
    asking = [task for task in played if _asks_the_api({task.action: None})]
    assert f"zchat.admin.{module}" in {task.action for task in asking}
    for task in asking:
        if task.action == "zchat.admin.zchat_oauth_token":
            assert task.result["revoked"], task.name
            assert task.result["verified"], task.name
        else:
            assert [value for value in task.result.values() if isinstance(value, list) and value], task.name
