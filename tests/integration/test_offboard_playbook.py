# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook and the role ``zchat.admin.offboard``: accounts, connections, report folders, and runs that are stopped."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.ansible_run import Player, Run, chat_defaults, sandbox_variables
from tests.sandbox import COLLEAGUE_EMAIL, COLLEAGUE_ID, LEAVER_EMAIL, LEAVER_ID, Sandbox

PLAYBOOK = "zchat.admin.offboard"
ACTION = "zchat.admin.zchat_offboard"
ACCOUNTS = 8
FAILING = "account03"
DEPARTING = [LEAVER_EMAIL, COLLEAGUE_EMAIL]
TOKENS = 15
"""Number of tokens of these two agents."""
MACHINE = {
    "ansible_connection": "ssh",
    "ansible_host": "192.0.2.1",
    "ansible_user": "nobody",
    "ansible_become": True,
    "ansible_become_user": "nobody",
    "ansible_python_interpreter": "/nonexistent/python",
}
"""Variables with which no module could run on a host."""
OTHER_ACCOUNT = {"ZCHAT_API_URL": "http://127.0.0.1:9/api/v2", "ZCHAT_ACCESS_TOKEN": "not-this-one"}


def connection(account: Sandbox) -> dict[str, str]:
    """Return the connection to an account in environment variables."""
    return {"ZCHAT_API_URL": account.api_url, "ZCHAT_ACCESS_TOKEN": str(account.access_token)}


def host(account: Sandbox) -> dict[str, Any]:
    """Return the connection to an account in variables of a host."""
    return {"zchat_api_url": account.api_url, "zchat_access_token": account.access_token}


def methods(*accounts: Sandbox) -> set[str]:
    """Return the methods of all requests, and forget these requests."""
    found = {entry["method"] for account in accounts for entry in account.state.requests}
    for account in accounts:
        account.state.clear_requests()
    return found


def documents(folder: Path) -> list[dict[str, Any]]:
    """Return the JSON files in a folder, the oldest first."""
    files = sorted(folder.glob("*.json"), key=lambda path: (path.stat().st_mtime_ns, path.name))
    return [json.loads(path.read_text("utf-8")) for path in files]


def summary_of(folder: Path) -> dict[str, Any]:
    """Return the only summary in a folder."""
    (path,) = folder.glob("offboard-summary-*.json")
    assert path.with_suffix(".html").exists()
    document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return document


def results(summary: dict[str, Any]) -> dict[str, str]:
    """Return the result of each account."""
    return {account["name"]: account["result"] for account in summary["accounts"]}


def outcomes(report: dict[str, Any]) -> list[tuple[int, int, str]]:
    """Return the agent, the id and the result of each token."""
    return [(agent["id"], token["id"], token["result"]) for agent in report["agents"] for token in agent["tokens"]]


def offboard(player: Player, *arguments: str, environment: dict[str, str] | None = None, **variables: Any) -> Run:
    """Run the playbook for an inventory (``hosts``) or without one. Its output never contains a traceback or a secret."""
    inventory = variables.pop("inventory", None)
    run = player.play_playbook(PLAYBOOK, arguments, variables, environment or {}, inventory)
    assert "Traceback (most recent call last)" not in run.output
    return run


def test_one_account_from_environment_variables(player: Player, sandbox: Sandbox, tmp_path: Path) -> None:
    """Check mode, run, second run, check mode: variables of other hosts of the inventory are ignored."""
    folder = tmp_path / "reports"
    other = {"zchat_api_url": OTHER_ACCOUNT["ZCHAT_API_URL"], "zchat_access_token": "n0t-this-one-either"}
    arguments = ["-e", f"offboard_agent_emails={','.join(DEPARTING)}", "-e", "offboard_report_formats=json,html"]

    def play(*more: str) -> tuple[set[str], dict[str, Any]]:
        run = offboard(
            player,
            *(*arguments, *more),
            environment=connection(sandbox),
            inventory={"all": {"vars": MACHINE, "hosts": {"other": other}}},
            offboard_report_dir=str(folder),
        ).check()
        report = documents(folder)[-1]
        (changed,) = [task.result["changed"] for task in run.tasks if task.action == ACTION]
        assert changed is bool(report["summary"]["revoked"] or report["summary"]["would_be_revoked"])
        assert [task.action for task in run.tasks if task.result.get("changed")] == [ACTION] * changed
        assert report["verified"] is (not report["dry_run"] or not changed)
        # Without -v, the headline and the files are shown in the label of an item.
        assert "(item=" in run.output
        return methods(sandbox), report

    requests, dry_run = play("--check")
    assert requests == {"GET"}
    requests, real_run = play()
    assert requests == {"GET", "DELETE"}
    assert outcomes(real_run) == [(*rest, result.replace("would be ", "")) for *rest, result in outcomes(dry_run)]
    assert {result for *_rest, result in outcomes(real_run)} == {"revoked"}
    assert len(outcomes(real_run)) == TOKENS
    assert not {LEAVER_ID, COLLEAGUE_ID} & {token["agent_id"] for token in sandbox.state.tokens.values()}
    for more in ([], ["--check"]):
        requests, report = play(*more)
        assert requests == {"GET"}
        assert outcomes(report) == []
    assert sorted(path.suffix for path in folder.iterdir()) == [".html"] * 4 + [".json"] * 4 + [".jsonl"]


def test_variables_of_localhost_are_the_connection(player: Player, sandbox: Sandbox) -> None:
    """Those of the group ``all`` too. If environment variables name another account, nothing is sent."""
    inventory = {"all": {"vars": {**host(sandbox), **MACHINE}}}
    offboard(player, inventory=inventory, offboard_agent_emails=DEPARTING[0]).check()
    assert methods(sandbox) == {"GET", "DELETE"}
    run = offboard(player, environment=OTHER_ACCOUNT, inventory=inventory, offboard_agent_emails=DEPARTING[1])
    assert run.rc == 2
    assert "zchat_api_url and ZCHAT_API_URL are both set" in run.output
    assert sandbox.state.requests == []


def test_nobody_is_given(player: Player, sandbox: Sandbox, tmp_path: Path) -> None:
    """The run succeeds without a connection."""
    run = offboard(player, offboard_report_dir=str(tmp_path / "reports")).check()
    assert "Nobody to offboard" in run.output
    assert not (tmp_path / "reports").exists()
    assert sandbox.state.requests == []


def test_null_and_misspelled_variables_are_rejected_before_any_request(player: Player, sandbox: Sandbox) -> None:
    """With and without the validation of roles, which accepts null for most variables."""
    valid = [
        "agent_emails",
        "agent_ids",
        "own_token",
        "max_revocations",
        "report_dir",
        "report_formats",
        "unknown_agents",
    ]
    rejected = {f"offboard_{name}": (None, f"offboard_{name}") for name in valid}
    rejected.update(
        offboard_max_revocation=(5, "'offboard_max_revocations'"),
        offboard_report_directory=("/tmp", "'offboard_report_dir'"),
        offboard_emails=(LEAVER_EMAIL, "'offboard_agent_emails'"),
    )
    without_validation = ["offboard_own_token", "offboard_max_revocation"]
    tasks = [
        {
            "block": [
                {
                    "ansible.builtin.include_role": {"name": PLAYBOOK, "rolespec_validate": validate},
                    "vars": {"offboard_agent_ids": [LEAVER_ID], "offboard_ticket": "HR-7", name: value},
                }
            ],
            "rescue": [{"name": f"{name} {validate}", "ansible.builtin.debug": {"var": "ansible_failed_result.msg"}}],
        }
        for name, (value, _part) in rejected.items()
        for validate in ((True, False) if name in without_validation else (True,))
    ]
    run = player.play(tasks, variables=sandbox_variables(sandbox), module_defaults=chat_defaults()).check()
    for name in without_validation:
        assert rejected[name][1] in run[f"{name} False"]["ansible_failed_result.msg"]
    for name, (_value, part) in rejected.items():
        message = str(run[f"{name} True"]["ansible_failed_result.msg"])
        # The validation of roles has a message of its own for some.
        assert part in message or name.removeprefix("offboard_") in message, message
    assert sandbox.state.requests == []


def test_the_template_of_an_undefined_variable_is_rejected_before_any_request(player: Player, sandbox: Sandbox) -> None:
    """It must never count as "not set": that would offboard nobody, or without a limit. The facts have every key."""
    valid = {"offboard_agent_ids": [LEAVER_ID]}
    tasks = []
    for name in ("offboard_agent_emails", "offboard_max_revocations", "offboard_report_dir", "zchat_timeout"):
        role = {"ansible.builtin.include_role": {"name": PLAYBOOK, "rolespec_validate": False}}
        show = {"name": name, "ansible.builtin.debug": {"var": "offboard_result"}}
        tasks.append({"block": [{**role, "vars": {**valid, name: "{{ no_such_variable }}"}}], "rescue": [show]})
    run = player.play(tasks, variables=sandbox_variables(sandbox), module_defaults=chat_defaults()).check()
    for task in tasks:
        name = task["rescue"][0]["name"]
        result = run[name]["offboard_result"]
        assert f"The variable '{name}' cannot be evaluated: " in result["msg"]
        assert "no_such_variable" in result["msg"]
        assert (result["complete"], result["summary"]["revoked"], result["agents"]) == (False, 0, None)
    run = offboard(player, environment=connection(sandbox), **valid, offboard_max_revocations="{{ no_such_variable }}")
    assert run.rc == 2
    assert "The variable 'offboard_max_revocations' cannot be evaluated" in run.output
    assert sandbox.state.requests == []


def test_check_mode_of_a_play_a_block_and_a_task(player: Player, sandbox: Sandbox, tmp_path: Path) -> None:
    """Each changes nothing in the API, and writes a report that is marked as a dry run."""
    folder = tmp_path / "reports"
    role: dict[str, Any] = {"ansible.builtin.import_role": {"name": PLAYBOOK}}
    task = {ACTION: {"agent_ids": [LEAVER_ID], "report_dir": str(folder)}, "check_mode": True}
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {"offboard_agent_ids": LEAVER_ID, "offboard_report_dir": str(folder)},
    }
    plays = [
        {**play, "check_mode": True, "roles": [PLAYBOOK]},
        {**play, "tasks": [{"check_mode": True, "block": [role]}]},
        {**play, "tasks": [task]},
    ]
    playbook = tmp_path / "check_mode.yml"
    playbook.write_text(json.dumps(plays), encoding="utf-8")
    player.play_playbook(str(playbook), environment=connection(sandbox)).check()
    assert methods(sandbox) == {"GET"}
    assert [report["dry_run"] for report in documents(folder)] == [True] * len(plays)
    assert {result for report in documents(folder) for *_rest, result in outcomes(report)} == {"would be revoked"}


@pytest.fixture
def accounts() -> Iterator[dict[str, Sandbox]]:
    """Accounts by the name of their host."""
    with contextlib.ExitStack() as stack:
        yield {f"account{n:02d}": stack.enter_context(Sandbox()) for n in range(1, ACCOUNTS + 1)}


def inventory(accounts: dict[str, Sandbox]) -> dict[str, Any]:
    """Return an inventory in which each account has its own connection, by token or by password."""
    hosts = {}
    for number, (name, account) in enumerate(accounts.items()):
        login = {"zchat_email": account.email, "zchat_password": account.password}
        # All variables can be set in a template: those that do not apply are omitted.
        unused = dict.fromkeys(["zchat_subdomain", "zchat_email", "zchat_password"], "{{ omit }}")
        hosts[name] = {**unused, **host(account)} if number % 2 else {"zchat_api_url": account.legacy_url, **login}
    return {"all": {"vars": MACHINE, "children": {"chat": {"hosts": hosts}}, "hosts": {"machine": {}}}}


def test_many_accounts_in_parallel(player: Player, accounts: dict[str, Sandbox], tmp_path: Path) -> None:
    """Each account has its own connection and report. One that fails does not stop the others. The summary has all.

    The second run has a --limit: its summary covers only these accounts.
    """
    folder = tmp_path / "reports"
    accounts[FAILING].reset(faults=[{"method": "DELETE", "path": "/1204$", "status": 422}])
    parameters: dict[str, Any] = {
        "environment": {**OTHER_ACCOUNT, "ANSIBLE_ANY_ERRORS_FATAL": "true"},
        "inventory": inventory(accounts),
        "offboard_accounts": "chat",
        "offboard_agent_emails": DEPARTING,
        "offboard_report_dir": str(folder),
    }
    forks = ("--forks", str(ACCOUNTS))
    offboard(player, *forks, "--check", **{**parameters, "offboard_report_dir": str(tmp_path / "dry")}).check()
    assert methods(*accounts.values()) == {"GET"}
    dry_run = summary_of(tmp_path / "dry")
    assert dry_run["dry_run"]
    assert set(results(dry_run).values()) == {"dry run"}
    assert dry_run["summary"]["would_be_revoked"] == TOKENS * ACCOUNTS

    run = offboard(player, *forks, **parameters)
    assert run.rc == 2, run.output
    assert [task.action for task in run.tasks if task.state == "failed"] == [ACTION]
    summary = summary_of(folder)
    left = {
        name: [
            number for number, token in account.state.tokens.items() if token["agent_id"] in (LEAVER_ID, COLLEAGUE_ID)
        ]
        for name, account in accounts.items()
    }
    assert left == {name: [1204] if name == FAILING else [] for name in accounts}
    assert results(summary) == {name: "not complete" if name == FAILING else "done" for name in accounts}
    assert summary["summary"] == {
        "accounts": ACCOUNTS,
        "done": ACCOUNTS - 1,
        "not_complete": 1,
        **dict.fromkeys(["would_be_revoked", "kept", "gone"], 0),
        "revoked": TOKENS * ACCOUNTS - 1,
        "not_revoked": 1,
    }
    assert "HTTP 422" in next(account["headline"] for account in summary["accounts"] if account["name"] == FAILING)
    for account in summary["accounts"]:
        assert [Path(file["name"]).suffix for file in account["files"]] == [".json", ".html", ".jsonl"]
        for file in account["files"]:
            assert hashlib.sha256((folder / file["name"]).read_bytes()).hexdigest() == file["sha256"]
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert len(list(folder.iterdir())) == 3 * ACCOUNTS + 2
    # The last task shows the headline without -v.
    assert "NOT COMPLETE: 1 of 8 accounts (account03)" in run.output

    assert methods(*accounts.values()) == {"GET", "DELETE"}
    limit = ("--limit", "account01,account02")
    run = offboard(player, *limit, **{**parameters, "offboard_report_dir": str(tmp_path / "second")}).check()
    assert not [task for task in run.tasks if task.result.get("changed")]
    summary = summary_of(tmp_path / "second")
    assert results(summary) == {"account01": "done", "account02": "done"}
    assert summary["summary"]["revoked"] == 0
    assert not any(accounts[name].state.requests for name in accounts if name not in results(summary))


def test_all_accounts_fail(player: Player, sandbox: Sandbox, tmp_path: Path) -> None:
    """An account is never processed with the environment variables of another one, whatever the playbook begins with."""
    hosts = {
        "no_connection": {},
        "no_credentials": {
            "zchat_api_url": sandbox.api_url,
            "zchat_email": "a@example.com",
        },
        "rejected": {"zchat_api_url": sandbox.api_url, "zchat_access_token": "no-such-t0ken"},
    }
    for arguments in ([], ["--start-at-task", "Revoke the tokens of the departing agents"]):
        shutil.rmtree(tmp_path / "reports", ignore_errors=True)
        run = offboard(
            player,
            *arguments,
            environment={**connection(sandbox), "ZCHAT_PASSWORD": "p4ssword-of-another"},
            inventory={"all": {"hosts": hosts}},
            offboard_accounts="all",
            offboard_agent_emails=DEPARTING,
            offboard_report_dir=str(tmp_path / "reports"),
        )
        assert run.rc == 2, run.output
        summary = summary_of(tmp_path / "reports")
        assert set(results(summary).values()) == {"not complete"}
        headlines = {account["name"]: account["headline"] for account in summary["accounts"]}
        assert "HTTP 401" in headlines.pop("rejected")
        for name, headline in headlines.items():
            assert f"{name} has no value for zchat_" in headline
        assert {entry["status"] for entry in sandbox.state.requests} == {401}


def test_accounts_that_are_not_processed(player: Player, sandbox: Sandbox, tmp_path: Path) -> None:
    """A run that starts at the summary fails, and so does a pattern without a host."""
    parameters: dict[str, Any] = {
        "inventory": {"all": {"hosts": {"acme": host(sandbox)}}},
        "offboard_agent_emails": DEPARTING,
        "offboard_report_dir": str(tmp_path / "reports"),
    }
    start = ("--start-at-task", "Write the summary of all accounts")
    assert offboard(player, *start, **parameters, offboard_accounts="all").rc == 2
    assert summary_of(tmp_path / "reports")["accounts"][0]["headline"] == "This account was not processed."
    for pattern in ("amce", None):
        run = offboard(player, **parameters, offboard_accounts=pattern)
        assert run.rc != 0
        assert "offboard_accounts" in run.output
    assert sandbox.state.requests == []


@pytest.mark.parametrize(
    ("options", "reason"), [("ro", "Read-only file system"), ("size=32k", "No space left on device")]
)
def test_a_report_folder_that_cannot_be_used(
    options: str, reason: str, player: Player, sandbox: Sandbox, small_disk: Callable[[str], Path]
) -> None:
    """The run fails before any request."""
    run = offboard(
        player,
        environment=connection(sandbox),
        offboard_agent_emails=DEPARTING,
        offboard_report_dir=str(small_disk(options)),
    )
    assert run.rc == 2
    assert f"'offboard_report_dir' cannot be written to. [Errno {30 if options == 'ro' else 28}] {reason}" in run.output
    assert sandbox.state.requests == []


def test_a_disk_that_is_full_after_the_run(player: Player, sandbox: Sandbox, small_disk: Callable[[str], Path]) -> None:
    """The run fails, and prints the report."""
    sandbox.reset(tokens=200)
    folder = small_disk("size=120k")
    run = offboard(
        player,
        environment=connection(sandbox),
        offboard_agent_ids=sorted({token["agent_id"] for token in sandbox.state.tokens.values()}),
        offboard_own_token="keep",
        offboard_report_dir=str(folder),
    )
    assert run.rc == 2
    assert "could not be written: [Errno 28] No space left on device" in run.output
    assert printed_report(run)["summary"]["revoked"] == 220
    assert methods(sandbox) == {"GET", "DELETE"}


def printed_report(run: Run) -> dict[str, Any]:
    """Return the report that the run printed because it could not be written."""
    report: dict[str, Any]
    report, _end = json.JSONDecoder().raw_decode(run.stdout[run.stdout.index('{\n  "schema": 1') :])
    return report
