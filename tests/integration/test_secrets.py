# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No output contains a secret, wherever it comes from. ``Player`` searches the output of each play, at -vvv or more."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from tests.integration.ansible_run import BEGINNING, Player
from tests.sandbox import AUTOMATION_TOKEN_ID, COLLEAGUE_ID, LEAVER_ID, Sandbox, demo_seed

PASSWORD = 'Hütet-das ☃ "pass"word'
MALFORMED = "m4lformed-and-still-a-secret with a space"
LEAKED = "l3aked-but-not-listed-0123456789"
IN_URL = "p4ssword-in-a-url"
# The old base URL accepts the password of this agent.
EMAIL = "amelie.laurent@example.com"
REVOKE, INFO = "zchat_oauth_token", "zchat_oauth_token_info"
DELETE, CLIENTS = "zchat_oauth_client", "zchat_oauth_client_info"
BEARER = {"api_url": "{{ sandbox_api_url }}", "access_token": "{{ sandbox_access_token }}"}
BASIC = {"api_url": "{{ sandbox_legacy_url }}", "email": EMAIL, "password": "{{ password }}"}


def _task(module: str, name: str, options: dict[str, Any], **keywords: Any) -> dict[str, Any]:
    state = {"state": "absent"} if module in (REVOKE, DELETE) else {}
    return {"name": name, f"zchat.admin.{module}": {**state, **options}, "ignore_errors": True, **keywords}


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
    """No task prints a secret at -vvvvv: if it succeeds, if it fails, if an option is rejected, and if the API echoes the secret.

    Ansible cannot hide a secret of an environment variable, because it is not an option of the task.
    """
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
    faults.append({"method": "DELETE", "path": "/1301$", "status": 400, "body": "{authorization}"})
    seed = demo_seed()
    seed["credentials"][0]["password"] = PASSWORD
    sandbox.reset(seed=seed, faults=faults)
    values = {**BEARER, "token_value": "{{ leaked }}"}
    token = {"ZCHAT_API_URL": sandbox.api_url, "ZCHAT_ACCESS_TOKEN": f"{sandbox.access_token}\n"}
    password = {"ZCHAT_API_URL": sandbox.legacy_url, "ZCHAT_EMAIL": EMAIL, "ZCHAT_PASSWORD": PASSWORD}
    tasks = [
        _task(INFO, "list by value", {**BEARER, "token_values": ["{{ leaked }}", "{{ refresh }}"]}),
        _task(REVOKE, "kept", {**BEARER, "ids": [AUTOMATION_TOKEN_ID, 1101], "own_token": "keep"}),
        _task(INFO, "basic", {**BASIC}),
        _task(REVOKE, "failed", {**BEARER, "agent_id": LEAVER_ID, "retries": 0, "max_revocations": 99}),
        _task(REVOKE, "token of a variable", {"id": 1301}, environment=token),
        _task(REVOKE, "password of a variable", {"id": 1301}, environment=password),
        _task(INFO, "malformed", {**BEARER, "access_token": "{{ malformed }}"}),
        _task(INFO, "wrong password", {**BASIC, "password": "{{ password }} {{ password }}"}),
        _task(REVOKE, "bad option", {**values, "age": "soon"}),
        _task(REVOKE, "unknown option", {**values, "acces_token": "{{ refresh }}"}),
        _task(REVOKE, "comma string", {**BEARER, "token_values": "{{ leaked }},{{ refresh }}", "unknown": "x"}),
        _task(INFO, "nested", {**BEARER, "token_value": [["{{ leaked }}", "{{ refresh }}"]], "age": 5}),
        _task(INFO, "dictionary", {**BEARER, "token_values": {"a": "{{ leaked }}"}, "timeout": "soon"}),
        _task(INFO, "path", {"ca_path": "/nowhere/$ZCHAT_ACCESS_TOKEN", "unknown": 1}, environment=token),
    ]
    variables = {
        "sandbox_api_url": sandbox.api_url,
        "sandbox_legacy_url": sandbox.legacy_url,
        "sandbox_access_token": sandbox.access_token,
        "refresh": sandbox.state.tokens[38]["refresh_token"],
        "leaked": LEAKED,
        "malformed": MALFORMED,
        "password": PASSWORD,
    }
    secrets = [LEAKED, MALFORMED, *(line for form in forms.values() for line in form.splitlines())]
    run = player.play(tasks, None, variables, secrets, arguments=["-vv"]).check()
    good = {"list by value", "kept", "basic"}
    assert {task.name: task.state for task in run.tasks} == {
        task["name"]: "ok" if task["name"] in good else "failed" for task in tasks
    }
    # The tasks used the secrets.
    assert PASSWORD in sandbox.state.secrets
    assert len(run["list by value"]["tokens"]) == 1
    refused = {row["id"]: row for row in run["failed"]["not_revoked"]}
    assert [row["status"] for row in refused.values()] == [fault["status"] for fault in responses]
    assert all("********" in row["msg"] for number, row in refused.items() if number != 1203)
    assert all("********" in run[f"{kind} of a variable"]["msg"] for kind in ("token", "password"))
    # The output is what a user sees.
    assert "are refused" in run["failed"]["msg"]
    assert '"module_args"' in run.output
    # The search finds text that is printed: these are no secrets.
    assert run.leaked(["are refused", LEAKED, EMAIL, "never-printed"]).keys() == {"are refused", EMAIL}


def test_no_client_secret_is_printed(player: Player, sandbox: Sandbox, tmp_path: Path) -> None:
    """Not if the API lists only their beginnings and echoes a secret, and not if it lists them completely and in a name."""
    seed = demo_seed()
    secrets = {client["id"]: client["client_secret"] for client in seed["clients"]}
    shown = [dict(client) for client in seed["clients"]]
    shown[-1]["name"] = f"Test {secrets[9205]}"
    echo = {"error": f"Client {secrets[9205]} is refused", "description": "{authorization}"}
    sandbox.reset(
        faults=[
            {"method": "DELETE", "path": "/clients/9205$", "status": 400, "body": echo},
            # The lists of the last three tasks.
            {"method": "GET", "path": "/clients$", "after": 4, "status": 200, "body": shown},
        ]
    )
    crm, journal = {"client_name": "CRM sync"}, {"journal": str(tmp_path / "journal.jsonl")}
    tasks = [
        _task(CLIENTS, "list", {}),
        _task(DELETE, "refused", {**crm, **journal, "retries": 0}),
        _task(DELETE, "bad option", {**crm, "client_secret": secrets[9206]}),
        _task(REVOKE, "exclude", {"id": 1301, "exclude": crm, "names": True}),
        _task(CLIENTS, "list with secrets", {}),
        _task(DELETE, "delete", {"id": 9206, **journal}, check_mode=True),
        _task(REVOKE, "similar name", {**crm, "exclude": {"client_names": ["test"]}}),
        _task(INFO, "names", {"names": True}),
    ]
    run = player.play(tasks, sandbox, arguments=["-vv"]).check()
    failed = {"refused", "bad option", "similar name"}
    assert {task.name: task.state for task in run.tasks} == {
        task["name"]: "failed" if task["name"] in failed else "ok" for task in tasks
    }
    # The API returned the secrets, and each is one that the play searches for.
    assert set(secrets.values()) <= sandbox.state.secrets
    assert "Client ******** is refused" in run["refused"]["msg"]
    assert run["list with secrets"]["clients"][-1]["name"] == "Test ********"
    assert "client_secret" not in run["list"]["clients"][0]
    lines = (tmp_path / "journal.jsonl").read_text("utf-8")
    assert '"failed"' in lines
    assert [secret for secret in sandbox.state.secrets if secret[:BEGINNING] in lines] == []


def test_no_secret_of_a_token_for_one_run_is_printed(player: Player, sandbox: Sandbox) -> None:
    """Neither the client secret nor the tokens of the runs: if it succeeds, if it is refused, and in warnings. With an echo of each."""
    # Unlike those of the demo account, it shares no part with a token, which include_secrets returns.
    secret = "Zk3vQx8LrB5wYt1Kh7HdJ0nPc6GsEbUa2iRm9ToZ4kSv"
    seed = demo_seed()
    seed["clients"][2]["client_secret"] = secret
    grant, echoes = {"method": "POST", "times": 1}, [secret, *_changed(secret).values()]
    echo = {"error": "No {authorization}", "description": "{authorization}"}
    faults = [
        *({**grant, "status": 400, "body": {"error": form, "error_description": form}} for form in echoes),
        {**grant, "status": 401, "body": f"<p>{secret}</p>"},
        {**grant, "status": 302, "headers": {"Location": f"/?a={secret}"}},
        {**grant, "status": 200, "body": {"access_token": f"{secret}\n", "token_type": secret}},
        {"method": "DELETE", "status": 403, "body": echo},
    ]
    sandbox.reset(seed=seed, faults=faults, granted_lifetime=600)
    pair = {"api_url": sandbox.api_url, "client_id": "{{ id }}", "client_secret": "{{ secret }}"}
    environment = {f"ZCHAT_{name.upper()}": value for name, value in pair.items()}
    refused = [_task(INFO, f"refused {number}", pair) for number in range(len(faults) - 1)]
    good = [
        _task(INFO, "list", {**pair, "include_secrets": True}),
        _task(REVOKE, "revoke", {**pair, "ids": [143]}),
        _task("zchat_connection_info", "of a variable", {}, environment=environment),
        _task("zchat_preflight", "action", pair),
    ]
    invalid = [
        _task(INFO, "in another option", {**pair, "client_id": "{{ secret }} x"}),
        _task(INFO, "both", {**pair, "access_token": "{{ secret }}"}),
        _task(INFO, "misspelled", {**pair, "client_secrets": "{{ secret }}"}),
        _task(INFO, "dictionary", {**pair, "client_secret": {"a": "{{ secret }}"}}),
    ]
    variables = {"secret": secret, "id": sandbox.client_id}
    run = player.play([*refused, *good, *invalid], None, variables, None, arguments=["-vv"]).check()
    of_runs = [
        token[key]
        for number, token in sandbox.state.tokens.items()
        for key in ("access_token", "refresh_token")
        if number > 1501
    ]
    assert len(of_runs) == 2 * len(good)
    hidden = [*of_runs, secret, *(line for form in echoes for line in form.splitlines())]
    assert run.leaked(hidden) == {}
    assert "Traceback (most recent call last)" not in run.output
    states = {task.name: task.state for task in run.tasks}
    assert [name for name, state in states.items() if state == "ok"] == ["list", "of a variable", "action"]
    assert len(states) == len([*refused, *good, *invalid])
    for name in ("list", "of a variable", "action", "revoke"):
        assert "********" in run[name]["warnings"][-1]


def test_no_secret_is_logged(system_log: list[str], player: Player, sandbox: Sandbox) -> None:
    """Ansible writes all options to the system log. A secret is neither there nor in the output, also in a wrong option."""
    run = player.play(
        [
            _task(REVOKE, "alias", {"token": "{{ sandbox_access_token }}", "access_token": "{{ omit }}", "id": 143}),
            _task(DELETE, "deletion", {"client_name": "CRM sync"}),
            _task(DELETE, "not logged", {"id": 9207}, no_log=True),
            _task(INFO, "user", {"api_url": "https://user:{{ in_url }}@acme.zendesk.com/api/v2/chat"}),
            _task(INFO, "subdomain", {"api_url": "{{ omit }}", "subdomain": "{{ in_url }}@acme"}),
        ],
        sandbox,
        {"in_url": IN_URL},
        [IN_URL],
    ).check()
    assert [task.state for task in run.tasks] == ["ok", "ok", "ok", "failed", "failed"]
    assert [token["id"] for token in run["alias"]["revoked"]] == [143]
    log = "\n".join(system_log)
    # One line for each task, and one for each revocation and deletion.
    assert log.count("ansible-zchat.admin.zchat_oauth_token_info: Invoked with") >= 2
    assert f"revoked OAuth token 143 of agent {COLLEAGUE_ID} at {sandbox.api_url}" in log
    assert f"deleted API client 9205, created by agent {LEAVER_ID}, at {sandbox.api_url}" in log
    assert f"revoked OAuth token 1204 of agent {LEAVER_ID} at {sandbox.api_url}" in log
    assert (9207 in {*sandbox.state.clients}, "API client 9207" in log) == (False, False)
    assert [secret for secret in (IN_URL, *sandbox.state.secrets) if secret[:12] in log] == []
