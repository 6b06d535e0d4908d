# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No output contains a secret at -vvv, wherever it comes from. ``Player.play`` searches the output of each play."""

from __future__ import annotations

import base64
import re
from importlib.util import find_spec
from typing import Any

import pytest

from tests.integration.ansible_run import Player, sandbox_variables
from tests.sandbox import AUTOMATION_TOKEN_ID, COLLEAGUE_ID, LEAVER_ID, Sandbox, demo_seed

PASSWORD = 'Hütet-das ☃ "pass"word'
MALFORMED = "m4lformed-and-still-a-secret with a space"
LEAKED = "l3aked-but-not-listed-0123456789"
IN_URL = "p4ssword-in-a-url"
# The old base URL accepts the password of this agent.
EMAIL = "amelie.laurent@example.com"
REVOKE, INFO = "zchat_oauth_token", "zchat_oauth_token_info"
BEARER = {"api_url": "{{ sandbox_api_url }}", "access_token": "{{ sandbox_access_token }}"}
BASIC = {"api_url": "{{ sandbox_legacy_url }}", "email": EMAIL, "password": "{{ password }}"}


def _task(module: str, name: str, options: dict[str, Any]) -> dict[str, Any]:
    state = {"state": "absent"} if module == REVOKE else {}
    return {"name": name, f"zchat.admin.{module}": {**state, **options}, "ignore_errors": True}


def _seed() -> dict[str, Any]:
    """Return the demo account with a password that is difficult to mask."""
    seed = demo_seed()
    seed["credentials"][0]["password"] = PASSWORD
    return seed


def _changed(secret: str) -> dict[str, str]:
    """Return forms of a secret in which a server can echo it."""
    return {
        "base64": base64.b64encode(f"Bearer {secret}".encode()).decode(),
        "upper case": secret.upper(),
        "reversed": secret[::-1],
        "the last 20 characters": secret[-20:],
        "percent-encoded": "".join(f"%{ord(character):02X}" for character in secret),
        "several lines": "\n".join(secret[start : start + 12] for start in range(0, len(secret), 12)),
    }


def test_no_secret_is_printed(player: Player, sandbox: Sandbox) -> None:
    """No task prints a secret: if it succeeds, if it fails, if an option is rejected, and if the API echoes the secret."""
    echo = {"error": "No {authorization}", "description": "{access_token:1204} and {refresh_token:38} are refused"}
    forms = _changed(str(sandbox.access_token))
    responses: list[dict[str, Any]] = [
        {"status": 422, "body": echo},
        {"status": 400, "body": "<p>{authorization}</p>"},
        {"status": 302, "headers": {"Location": "/?a={access_token:1206}"}},
        {"status": 307, "headers": {"Location": "/{access_token:1207}/x"}},
        *({"status": 400, "body": f"Refused: {form}"} for form in forms.values()),
    ]
    faults = [
        {"method": "DELETE", "path": f"/{number}$", **fault} for number, fault in enumerate(responses, start=1201)
    ]
    sandbox.reset(seed=_seed(), tokens=len(responses), faults=faults)
    values = {**BEARER, "token_value": "{{ leaked }}"}
    run = player.play(
        [
            _task(INFO, "list by value", {**BEARER, "token_values": ["{{ leaked }}", "{{ refresh }}"]}),
            _task(REVOKE, "kept", {**BEARER, "ids": [AUTOMATION_TOKEN_ID, 1101], "own_token": "keep"}),
            _task(REVOKE, "failed", {**BEARER, "agent_id": LEAVER_ID, "retries": 0, "max_revocations": 99}),
            _task(INFO, "malformed", {**BEARER, "access_token": "{{ malformed }}"}),
            _task(INFO, "wrong", {**BEARER, "access_token": "{{ leaked }}"}),
            _task(INFO, "basic", {**BASIC}),
            _task(INFO, "wrong password", {**BASIC, "password": "{{ password }} {{ password }}"}),
            _task(REVOKE, "bad option", {**values, "age": "soon"}),
            _task(REVOKE, "unknown option", {**values, "acces_token": "x"}),
        ],
        variables={
            **sandbox_variables(sandbox),
            "refresh": sandbox.state.tokens[38]["refresh_token"],
            "leaked": LEAKED,
            "malformed": MALFORMED,
            "password": PASSWORD,
        },
        secrets=[LEAKED, MALFORMED, *(line for form in forms.values() for line in form.splitlines())],
    ).check()
    states = {task.name: task.state for task in run.tasks}
    good = {"list by value", "kept", "basic"}
    assert states == {name: "ok" if name in good else "failed" for name in states}
    assert len(states) == 9
    # The tasks used the secrets.
    assert PASSWORD in sandbox.state.secrets
    assert len(run["list by value"]["tokens"]) == 1
    refused = {row["id"]: row for row in run["failed"]["not_revoked"]}
    assert [row["status"] for row in refused.values()] == [fault["status"] for fault in responses]
    assert all("********" in row["msg"] for number, row in refused.items() if number not in (1203,))
    assert "are refused" in run["failed"]["msg"]
    # The output is what a user sees at -vvv.
    assert "token 1101; agent 10000001" in run.output
    assert '"module_args"' in run.output
    # The search finds text that is printed: these are no secrets.
    assert run.leaked(["are refused", LEAKED, EMAIL, "never-printed"]).keys() == {"are refused", EMAIL}


def test_no_secret_is_logged(system_log: list[str], player: Player, sandbox: Sandbox) -> None:
    """Ansible writes all options to the system log. A secret is neither there nor in the output, also in a wrong option."""
    run = player.play(
        [
            _task(
                REVOKE, "alias", {"api_url": "{{ sandbox_api_url }}", "token": "{{ sandbox_access_token }}", "id": 143}
            ),
            _task(INFO, "user", {**BEARER, "api_url": "https://user:{{ in_url }}@acme.zendesk.com/api/v2/chat"}),
            _task(INFO, "subdomain", {"subdomain": "{{ in_url }}@acme", "access_token": "{{ in_url }}"}),
        ],
        variables={**sandbox_variables(sandbox), "in_url": IN_URL},
        secrets=[IN_URL],
    ).check()
    assert [task.state for task in run.tasks] == ["ok", "failed", "failed"]
    assert [token["id"] for token in run["alias"]["revoked"]] == [143]
    log = "\n".join(system_log)
    # One line for each task, and one for the revocation.
    assert log.count("ansible-zchat.admin.zchat_oauth_token_info: Invoked with") >= 2
    assert f"revoked OAuth token 143 of agent {COLLEAGUE_ID} at {sandbox.api_url}" in log
    assert [secret for secret in (IN_URL, *sandbox.state.secrets) if secret[:12] in log] == []


def test_no_secret_of_an_environment_variable_is_printed(player: Player, sandbox: Sandbox) -> None:
    """Ansible cannot hide a secret that is not an option of the task."""
    echo = {"status": 400, "body": "{authorization}"}
    tasks = [_task(REVOKE, "revoke", {"agent_id": COLLEAGUE_ID, "concurrency": 1})]
    sandbox.reset(seed=_seed(), faults=[{**echo, "method": "DELETE", "times": 1}])
    token = {"ZCHAT_API_URL": sandbox.api_url, "ZCHAT_ACCESS_TOKEN": f"{sandbox.access_token}\n"}
    by_token = player.play(tasks, environment=token).check()
    assert [row["status"] for row in by_token["revoke"]["not_revoked"]] == [400]
    assert "********" in by_token["revoke"]["msg"]
    sandbox.reset(seed=_seed(), faults=[{**echo, "times": 1}])
    password = {"ZCHAT_API_URL": sandbox.legacy_url, "ZCHAT_EMAIL": EMAIL, "ZCHAT_PASSWORD": PASSWORD}
    by_password = player.play(tasks, environment=password).check()
    assert by_password["revoke"]["status"] == 400
    assert "********" in by_password["revoke"]["msg"]


@pytest.mark.xfail(
    find_spec("ansible.module_utils.secrets") is not None,
    reason="since 2.22, ansible-core itself masks the value of each secret option, however short, wherever it occurs",
    strict=True,
)
def test_a_short_password_does_not_mask_other_text(player: Player, sandbox: Sandbox) -> None:
    """The results are the same as with a long password, and the option itself is hidden by its name."""
    passwords = (PASSWORD, "a")
    seed = demo_seed()
    owner = seed["agents"][0]
    emails = [f"owner{number}@example.com" for number in range(len(passwords))]
    seed["agents"] += [{**owner, "id": number + 1, "email": email} for number, email in enumerate(emails)]
    seed["credentials"] = [
        {"email": email, "password": password} for email, password in zip(emails, passwords, strict=True)
    ]
    sandbox.reset(
        seed=seed,
        faults=[{"method": "DELETE", "path": "/1301$", "status": 422, "body": "What does a 401 mean? Read this."}],
    )
    tasks = []
    for number, (email, password) in enumerate(zip(emails, passwords, strict=True)):
        connection = {"api_url": sandbox.legacy_url, "email": email, "password": password}
        tasks.append(_task(REVOKE, f"revoke {number}", {**connection, "agent_id": COLLEAGUE_ID, "expired": False}))
    run = player.play(tasks, secrets=[PASSWORD]).check()
    texts = []
    for number, password in enumerate(passwords):
        result = run[f"revoke {number}"]
        assert result["invocation"]["module_args"]["password"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
        assert [token["client_identifier"] for token in result["not_revoked"]] == ["zendesk"]
        # In the text of the API, only the same word is masked.
        masked = re.sub(rf"\b{re.escape(password)}\b", "********", "What does a 401 mean? Read this.")
        assert masked in result["msg"]
        texts.append(result["msg"].replace(masked, ""))
    assert len(set(texts)) == 1, texts
