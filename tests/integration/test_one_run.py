# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs with a client id and a client secret: each task gets its own token, and none of these tokens is left."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.ansible_run import Player, Run, client_pair
from tests.sandbox import COLLEAGUE_EMAIL, COLLEAGUE_ID, LEAVER_EMAIL, LEAVER_ID, Options, Sandbox

FIRST = 1502
"""The id of the first token that the token endpoint issues."""
DEPARTING = [LEAVER_EMAIL, COLLEAGUE_EMAIL]


def tokens_of_runs(sandbox: Sandbox, first: int = FIRST) -> int:
    """Return how many tokens the runs have got. Each was revoked once, by the last request before the next one was requested."""
    number = first - 1
    last: tuple[str, str] | None = None
    for entry in sandbox.state.requests:
        if entry["path"] == "/oauth2/chat/token":
            assert last in (None, ("DELETE", f"/api/v2/chat/oauth/tokens/{number}"))
            assert (entry["method"], entry["status"], entry["authorization"]) == ("POST", 200, None)
            number += 1
        else:
            assert entry["authorization"] == "bearer"
            assert entry["method"] in ("GET", "DELETE")
        last = (entry["method"], entry["path"])
    assert last in (None, ("DELETE", f"/api/v2/chat/oauth/tokens/{number}"))
    assert [token for token in sandbox.state.tokens if token >= FIRST] == []
    return number - first + 1


def deleted(sandbox: Sandbox) -> list[int]:
    """Return the ids of the other tokens that were revoked."""
    paths = [entry["path"] for entry in sandbox.state.requests if entry["method"] == "DELETE"]
    return sorted(number for number in (int(path.rpartition("/")[2]) for path in paths) if number < FIRST)


MODULES: dict[str, dict[str, Any]] = {
    "zchat_oauth_token_info": {"names": True},
    "zchat_agent_info": {"agent_emails": [LEAVER_EMAIL]},
    "zchat_oauth_client_info": {},
    "zchat_connection_info": {},
    "zchat_oauth_token": {"state": "absent", "expired": True, "max_revocations": 20},
    "zchat_oauth_client": {"state": "absent", "client_names": ["Test export"]},
}


@pytest.mark.parametrize("arguments", [["--check"], []], ids=["check", "run"])
def test_each_module_gets_a_token_and_revokes_it(player: Player, sandbox: Sandbox, arguments: list[str]) -> None:
    """The request log shows exactly one POST and one DELETE of it for each task, also in check mode."""
    pair = {"client_id": sandbox.client_id, "client_secret": "{{ secret }}", "api_url": sandbox.api_url}
    tasks = [{"name": name, f"zchat.admin.{name}": {**pair, **options}} for name, options in MODULES.items()]
    run = player.play(tasks, None, {"secret": sandbox.client_secret}, arguments=arguments).check()
    assert tokens_of_runs(sandbox) == len(MODULES)
    assert [task.name for task in run.tasks if task.result.get("warnings")] == []
    assert run["zchat_oauth_token_info"]["listed"]["tokens"] == 21
    assert run["zchat_oauth_token_info"]["own_token_id"] is None
    assert run["zchat_connection_info"]["token"]["id"] == FIRST + 3
    expired = [token["id"] for token in run["zchat_oauth_token"]["revoked"]]
    assert len(expired) > 5
    assert deleted(sandbox) == ([] if arguments else sorted(expired))
    assert (9207 in sandbox.state.clients) is bool(arguments)


def test_a_refused_pair_names_both_options(player: Player, sandbox: Sandbox) -> None:
    """Nothing but the POST is sent."""
    task = {"name": "list", "zchat.admin.zchat_oauth_token_info": {}, "ignore_errors": True}
    environment = {**client_pair(sandbox), "ZCHAT_CLIENT_SECRET": "not-the-client-secret"}
    run = player.play([task], None, environment=environment, secrets=["not-the-client-secret"])
    assert (
        "issued no access token for ZCHAT_CLIENT_ID and ZCHAT_CLIENT_SECRET (HTTP 401, invalid_client)"
        in run["list"]["msg"]
    )
    assert run["list"]["status"] == 401
    assert [entry["path"] for entry in sandbox.state.requests] == ["/oauth2/chat/token"]


def role(name: str, folder: Path, **variables: Any) -> dict[str, Any]:
    return {
        "name": name,
        "ansible.builtin.include_role": {"name": f"zchat.admin.{name}"},
        "vars": {f"{name}_report_dir": str(folder), f"{name}_report_formats": ["json"], **variables},
    }


def test_the_roles(player: Player, sandbox: Sandbox, tmp_path: Path) -> None:
    """Offboard: check, run, run again. Review. The connection comes from variables of the host, or from environment variables."""
    variables = {
        "zchat_api_url": sandbox.api_url,
        "zchat_client_id": sandbox.client_id,
        "zchat_client_secret": sandbox.client_secret,
    }
    states = (("dry run", ["--check"], None), ("run", [], variables), ("run again", [], variables))
    leaving = {token["id"] for token in sandbox.state.tokens.values() if token["agent_id"] in (LEAVER_ID, COLLEAGUE_ID)}
    for number, (name, arguments, host) in enumerate(states):
        folder = tmp_path / name
        task = role("offboard", folder, offboard_agent_emails=DEPARTING)
        environment = None if host else client_pair(sandbox)
        player.play([task], None, host, arguments=arguments, environment=environment).check()
        assert tokens_of_runs(sandbox, FIRST + number) == 1
        assert deleted(sandbox) == (sorted(leaving) if name == "run" else [])
        (path,) = folder.glob("*.json")
        report = json.loads(path.read_text("utf-8"))
        assert report["complete"] is (name != "dry run")
        assert (report["warnings"], report["listed"]["own_only"]) == ([], False)
        assert report["listed"]["tokens"] == (6 if name == "run again" else 21)
        sandbox.state.clear_requests()
    player.play([role("review", tmp_path / "review")], None, environment=client_pair(sandbox)).check()
    assert tokens_of_runs(sandbox, FIRST + 3) == 1
    (path,) = (tmp_path / "review").glob("*.json")
    review = json.loads(path.read_text("utf-8"))
    assert (review["complete"], review["summary"]["tokens"]) == (True, 6)


def test_the_playbooks(player: Player, sandbox: Sandbox, tmp_path: Path) -> None:
    """One account in environment variables, and several, each with its own API client."""
    run = player.play_playbook("zchat.admin.preflight", environment=client_pair(sandbox))
    assert (run.rc, tokens_of_runs(sandbox)) == (0, 1), run.output
    with Sandbox(Options(value_form="hash")) as hidden:
        hosts = {
            name: {
                "zchat_api_url": account.api_url,
                "zchat_client_id": account.client_id,
                "zchat_client_secret": account.client_secret,
            }
            for name, account in (("acme", sandbox), ("hidden", hidden))
        }
        sandbox.state.clear_requests()
        run = player.play_playbook(
            "zchat.admin.offboard",
            variables={
                "offboard_accounts": "all",
                "offboard_agent_emails": DEPARTING,
                "offboard_report_dir": str(tmp_path / "reports"),
            },
            inventory={"all": {"hosts": hosts}},
        )
        assert run.rc == 0, run.output
        assert tokens_of_runs(sandbox, FIRST + 1) == 1
        # If no list shows which token it is, it remains, and the run states that.
        assert [token for token in hidden.state.tokens if token >= FIRST] == [FIRST]
        reports = {
            path: json.loads(path.read_text("utf-8")) for path in (tmp_path / "reports").glob("offboard-127*.json")
        }
        by_account = {report["account"]: report for report in reports.values()}
        assert by_account[sandbox.api_url]["warnings"] == []
        (warning,) = by_account[hidden.api_url]["warnings"]
        advice = "Use 'zchat_access_token' instead of zchat_client_id and zchat_client_secret for this account."
        assert f"The list of tokens does not show which one it is. {advice}" in warning


def test_a_failed_end_is_a_warning_with_the_id(player: Player, sandbox: Sandbox) -> None:
    """The result of the task stays as it is."""
    sandbox.reset(faults=[{"method": "DELETE", "path": f"/{FIRST}$", "status": 403, "body": {"error": "Forbidden"}}])
    task = {"name": "look up", "zchat.admin.zchat_agent_info": {"agent_ids": [LEAVER_ID]}}
    run: Run = player.play([task], None, environment=client_pair(sandbox)).check()
    (warning,) = run["look up"]["warnings"]
    assert f"issued to this run (id {FIRST}) is not revoked" in warning
    assert "[WARNING]" in run.output
    assert len(run["look up"]["agents"]) == 1
