# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets where they might slip out. That none does is for ``Player.play`` to see: it searches the output of every play."""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import Any

import pytest

from tests.integration.ansible_run import Player, chat_defaults, sandbox_variables
from tests.sandbox import AUTOMATION_TOKEN_ID, Sandbox, demo_seed

PASSWORD = 'Hütet-das ☃ "pass"word'
MALFORMED = "m4lformed-and-still-a-secret with a space"
LEAKED = "l3aked-but-listed-nowhere-0123456789"
IN_URL = "p4ssword-in-a-url"
# The password is in play at the old base only.
EMAIL = "amelie.laurent@example.com"
REVOKE, INFO = "zchat_oauth_token", "zchat_oauth_token_info"


def _task(module: str, name: str, options: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, f"zchat.admin.{module}": options, "ignore_errors": True}


def _seed() -> dict[str, Any]:
    """The sandbox's own, with a password that is hard to hide."""
    seed = demo_seed()
    seed["credentials"][0]["password"] = PASSWORD
    return seed


def test_no_secret_is_shown(player: Player, sandbox: Sandbox) -> None:
    """Neither on success nor on failure nor on refusal, whoever repeats it, and wherever it came from."""
    echo = {"error": "No {authorization}", "description": "{access_token:1204} and {refresh_token:38} do not please us"}
    sandbox.reset(
        seed=_seed(),
        faults=[
            {"method": "DELETE", "path": "/1204$", "status": 422, "body": echo},
            {"method": "DELETE", "path": "/1205$", "status": 400, "body": "<p>{authorization}</p>"},
            {"method": "DELETE", "path": "/1206$", "status": 302, "headers": {"Location": "/?a={access_token:1206}"}},
            {"method": "DELETE", "path": "/1207$", "status": 307, "headers": {"Location": "/{access_token:1207}/x"}},
        ],
    )
    tokens = list(sandbox.state.tokens.values())
    own = {"ids": [AUTOMATION_TOKEN_ID, 1101], "state": "absent"}
    basic = {"api_url": sandbox.legacy_url, "email": EMAIL, "access_token": None}
    run = player.play(
        [
            _task(INFO, "list", {}),
            _task(INFO, "list by value", {"token_values": ["{{ leaked }}", "{{ refresh }}"]}),
            _task(REVOKE, "refused", {**own}),
            _task(REVOKE, "kept", {**own, "own_token": "keep"}),
            _task(REVOKE, "failed", {"state": "absent", "agent_id": 100000204, "retries": 0}),
            _task(INFO, "newline", {"access_token": "{{ sandbox_access_token }}\n"}),
            _task(INFO, "malformed", {"access_token": "{{ malformed }}"}),
            _task(INFO, "wrong", {"access_token": "{{ leaked }}"}),
            _task(INFO, "basic", {**basic, "password": "{{ password }}"}),
            _task(INFO, "wrong password", {**basic, "password": "{{ password }} {{ password }}"}),
            _task(INFO, "basic at the new base", {**basic, "api_url": sandbox.api_url, "password": "{{ password }}"}),
            _task(REVOKE, "bad option", {"state": "absent", "token_value": "{{ leaked }}", "age": "soon"}),
            _task(REVOKE, "unknown option", {"state": "absent", "token_value": "{{ leaked }}", "acces_token": "x"}),
            _task(INFO, "in the URL", {"api_url": "https://user:{{ in_url }}@acme.zendesk.com/api/v2/chat"}),
        ],
        variables={
            **sandbox_variables(sandbox),
            "refresh": tokens[0]["refresh_token"],
            "leaked": LEAKED,
            "malformed": MALFORMED,
            "password": PASSWORD,
            "in_url": IN_URL,
        },
        module_defaults=chat_defaults(),
        secrets=[LEAKED, MALFORMED, IN_URL],
    ).check()
    states = {task.name: task.state for task in run.tasks}
    good = {"list", "list by value", "kept", "newline", "basic"}
    assert states == {name: "ok" if name in good else "failed" for name in states}
    assert len(states) == 14
    # The secrets were in play.
    assert PASSWORD in sandbox.state.secrets
    assert len(run["list by value"]["tokens"]) == 1
    assert {entry["id"]: entry["status"] for entry in run["failed"]["not_revoked"]} == {
        1204: 422,
        1205: 400,
        1206: 302,
        1207: 307,
    }
    assert "do not please us" in run["failed"]["msg"]
    # What is printed is what a person reads at that verbosity.
    assert "token 1101; agent 10000001" in run.output
    assert '"module_args"' in run.output
    # And the search would find some: these are no secrets.
    assert run.leaked(["do not please us", LEAKED, EMAIL, "never-seen-anywhere"]).keys() == {"do not please us", EMAIL}


def test_no_secret_of_the_environment_is_shown(player: Player, sandbox: Sandbox) -> None:
    """What Ansible never sees as an option, it cannot hide."""
    seed = _seed()
    echo = {"status": 400, "body": "{authorization}"}
    sandbox.reset(seed=seed, faults=[{**echo, "after": 1, "times": 1}, {**echo, "after": 3}])
    tasks = [_task(REVOKE, "revoke", {"state": "absent", "agent_id": 10000026}), _task(INFO, "list", {})]
    token = {"ZCHAT_API_URL": sandbox.api_url, "ZCHAT_ACCESS_TOKEN": f"{sandbox.access_token}\n"}
    by_token = player.play(tasks, environment=token).check()
    # One of three DELETE requests was refused, with the request's own header in the answer.
    assert [entry["status"] for entry in by_token["revoke"]["not_revoked"]] == [400]
    assert "********" in by_token["revoke"]["msg"]
    sandbox.reset(seed=seed, faults=[{**echo, "after": 0, "times": 1}])
    password = {"ZCHAT_API_URL": sandbox.legacy_url, "ZCHAT_EMAIL": EMAIL, "ZCHAT_PASSWORD": PASSWORD}
    by_password = player.play(tasks, environment=password).check()
    assert by_password["revoke"]["status"] == 400
    assert "********" in by_password["revoke"]["msg"]
    assert len(by_password["list"]["tokens"]) == 18


SHORT = ("a", "read", "401")


@pytest.mark.xfail(
    find_spec("ansible.module_utils.secrets") is not None,
    reason="since 2.22, ansible-core itself blots out every secret option's value, however short, wherever it occurs",
    strict=True,
)
def test_a_short_password_garbles_nothing(player: Player, sandbox: Sandbox) -> None:
    """Results are those of a long password, to the letter, and the option itself is hidden by its name."""
    passwords = (PASSWORD, *SHORT)
    seed = demo_seed()
    owner = seed["agents"][0]
    emails = [f"owner{number}@example.com" for number in range(len(passwords))]
    seed["agents"] += [{**owner, "id": number + 1, "email": email} for number, email in enumerate(emails)]
    seed["credentials"] = [
        {"email": email, "password": password} for email, password in zip(emails, passwords, strict=True)
    ]
    refused = {"error": "Forbidden", "description": "You are missing the following required scopes: write"}
    sandbox.reset(
        seed=seed,
        faults=[
            {"method": "DELETE", "path": "/1301$", "status": 403, "body": refused},
            {"method": "GET", "path": "^/api/v2/chat/", "status": 400, "body": "Who reads a 401?"},
        ],
    )
    tasks = []
    for number, (email, password) in enumerate(zip(emails, passwords, strict=True)):
        connection = {"api_url": sandbox.legacy_url, "email": email, "password": password}
        tasks += [
            _task(INFO, f"list {number}", {**connection, "scopes": ["read"]}),
            _task(
                REVOKE, f"revoke {number}", {**connection, "state": "absent", "agent_id": 10000026, "expired": False}
            ),
            _task(INFO, f"rejected {number}", {**connection, "api_url": sandbox.api_url}),
        ]
    variables = {"ZCHAT_API_URL": sandbox.api_url, "ZCHAT_EMAIL": emails[2], "ZCHAT_PASSWORD": passwords[2]}
    tasks.append({**_task(INFO, "environment", {}), "environment": variables})
    run = player.play(tasks, secrets=[PASSWORD]).check()
    results = {}
    for number, password in enumerate(passwords):
        hidden = [run[f"{name} {number}"].pop("invocation") for name in ("list", "revoke", "rejected")]
        assert {options["module_args"]["password"] for options in hidden} == {"VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"}
        listed, revoked, rejected = (run[f"{name} {number}"] for name in ("list", "revoke", "rejected"))
        assert len(listed["tokens"]) == 15
        assert revoked["not_revoked"][0]["status"] == 403
        assert "write" in revoked["msg"]
        assert rejected["status"] == 400
        results[password] = (listed, revoked, {**rejected, "msg": rejected["msg"].partition(" The API says: ")[0]})
        # Only the very word is masked where the API says it.
        said = re.sub(rf"\b{re.escape(password)}\b", "********", "Who reads a 401?")
        assert rejected["msg"].endswith(f" The API says: {said}")
    assert run["environment"]["msg"] == run["rejected 2"]["msg"]
    for password in SHORT:
        assert results[password] == results[PASSWORD], password
