# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks: many accounts, the source of each connection, check mode, and report folders that cannot be written to."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import shlex
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import certifi
import pytest

from tests.integration.ansible_run import ROOT, Player, connection, host, methods
from tests.sandbox import COLLEAGUE_EMAIL, COLLEAGUE_ID, LEAVER_EMAIL, LEAVER_ID, Options, Sandbox, fake_secret

OFFBOARD, REVIEW, PREFLIGHT = "zchat.admin.offboard", "zchat.admin.review", "zchat.admin.preflight"
DEPARTING = [LEAVER_EMAIL, COLLEAGUE_EMAIL]
TOKENS = 15
"""Number of tokens of these two agents."""
MACHINE = {
    "ansible_connection": "ssh",
    "ansible_host": "192.0.2.1",
    "ansible_become": True,
    "ansible_become_user": "nobody",
    "ansible_python_interpreter": "/nonexistent/python",
}
"""Variables with which no module could run on a host."""
OTHER_ACCOUNT = {"ZCHAT_API_URL": "http://127.0.0.1:9/api/v2", "ZCHAT_ACCESS_TOKEN": "not-this-one"}
REJECTED = {"zchat_access_token": "no-such-t0ken"}
READ_ONLY, OF_AN_AGENT, WITHOUT_READ = 1102, 1203, 1206
"""Tokens of the demo account: of the Administrator with only ``read``, of another agent, and with only ``chat``."""


def read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return document


def summary_of(folder: Path) -> dict[str, Any]:
    """Return the only summary in a folder. Each file that it names exists with its hash, readable only by its owner."""
    (path,) = folder.glob("*-summary-*.json")
    summary = read(path)
    for file in (file for account in summary["accounts"] for file in account["files"]):
        assert hashlib.sha256((folder / file["name"]).read_bytes()).hexdigest() == file["sha256"]
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    return summary


def by_account(summary: dict[str, Any], key: str) -> dict[str, Any]:
    return {account["name"]: account[key] for account in summary["accounts"]}


def test_offboard_many_accounts(player: Player, tmp_path: Path) -> None:
    """Check mode, run, second run, check mode: each account has its own connection and report.

    An account that fails does not stop the others. With a --limit, the summary covers only these accounts.
    """
    fault = {"method": "DELETE", "path": "/1204$", "status": 422}
    with Sandbox() as acme, Sandbox(Options(faults=[fault])) as failing, Sandbox() as globex:
        accounts = {"acme": acme, "failing": failing, "globex": globex}
        password = {"zchat_email": globex.email, "zchat_password": globex.password}
        # All variables can be set in a template: those that do not apply are omitted.
        hosts = {
            "acme": host(acme, zchat_password="{{ omit }}"),
            "failing": host(failing),
            "globex": {"zchat_api_url": globex.legacy_url, "zchat_subdomain": "{{ omit }}", **password},
        }
        inventory = {"all": {"vars": MACHINE, "children": {"chat": {"hosts": hosts}}, "hosts": {"machine": {}}}}

        def play(name: str, *arguments: str) -> tuple[int, dict[str, Any]]:
            run = player.play_playbook(
                OFFBOARD,
                ["-e", f"offboard_agent_emails={','.join(DEPARTING)}", *arguments],
                {"offboard_accounts": "chat", "offboard_report_dir": str(tmp_path / name)},
                # These belong to none of the accounts.
                {**OTHER_ACCOUNT, "ANSIBLE_ANY_ERRORS_FATAL": "true"},
                inventory,
            )
            return run.rc, summary_of(tmp_path / name)

        rc, dry_run = play("dry run", "--check")
        assert (rc, methods(*accounts.values())) == (0, {"GET"})
        assert by_account(dry_run, "result") == dict.fromkeys(accounts, "dry run")
        assert by_account(dry_run, "would_be_revoked") == dict.fromkeys(accounts, TOKENS)
        assert (dry_run["dry_run"], dry_run["summary"]["would_be_revoked"]) == (True, TOKENS * len(accounts))

        rc, real_run = play("real run")
        assert (rc, methods(*accounts.values())) == (2, {"GET", "DELETE"})
        left = {name: {t["agent_id"] for t in account.state.tokens.values()} for name, account in accounts.items()}
        assert [name for name in left if left[name] & {LEAVER_ID, COLLEAGUE_ID}] == ["failing"]
        assert by_account(real_run, "result") == {"acme": "done", "failing": "not complete", "globex": "done"}
        assert by_account(real_run, "revoked") == {"acme": TOKENS, "failing": TOKENS - 1, "globex": TOKENS}
        assert "HTTP 422" in by_account(real_run, "headline")["failing"]
        suffixes = [[Path(file["name"]).suffix for file in account["files"]] for account in real_run["accounts"]]
        assert suffixes == [[".json", ".html", ".jsonl"]] * len(accounts)

        for name, result, *more in (("second run", "done"), ("last dry run", "dry run", "--check")):
            rc, summary = play(name, "--limit", "acme,globex", *more)
            assert (rc, methods(*accounts.values())) == (0, {"GET"})
            assert by_account(summary, "result") == {"acme": result, "globex": result}
            assert (summary["summary"]["revoked"], summary["summary"]["would_be_revoked"]) == (0, 0)


def test_accounts_that_show_only_own_tokens(player: Player, tmp_path: Path) -> None:
    """They are not complete, unless the inventory accepts it, or an earlier report shows the tokens of other agents."""
    with Sandbox(Options(own_only=True)) as hidden, Sandbox(Options(own_only=True)) as alone, Sandbox() as small:
        hosts = {
            "hidden": host(hidden),
            "alone": host(alone, offboard_own_only="warn"),
            "small": host(small),
        }

        def play(name: str, *arguments: str) -> dict[str, Any]:
            run = player.play_playbook(
                OFFBOARD,
                ["-e", f"offboard_agent_emails={LEAVER_EMAIL}", *arguments],
                {"offboard_accounts": "all", "offboard_report_dir": str(tmp_path / name)},
                {},
                {"all": {"hosts": hosts}},
            )
            assert run.rc == 2
            return summary_of(tmp_path / name)

        expected = {"hidden": "not complete", "alone": "dry run", "small": "dry run"}
        dry_run = play("first", "--check")
        assert by_account(dry_run, "result") == expected
        reason = "NOT COMPLETE: it is unknown whether these people have tokens"
        assert by_account(dry_run, "headline")["hidden"].startswith(reason)
        assert by_account(dry_run, "attention") == {"hidden": False, "alone": True, "small": False}
        assert methods(hidden, alone, small) == {"GET"}
        # The dry run is the proof for the account in which nobody else has a token any more.
        small.state.options = replace(small.state.options, own_only=True)
        (tmp_path / "second").mkdir()
        for path in (tmp_path / "first").glob("offboard-127*.json"):
            (tmp_path / "second" / path.name).write_bytes(path.read_bytes())
            (tmp_path / "second" / path.name).chmod(0o600)
        real_run = play("second")
        assert by_account(real_run, "result") == {"hidden": "not complete", "alone": "done", "small": "done"}
        assert by_account(real_run, "attention") == {"hidden": False, "alone": True, "small": False}
        reports = [read(path) for path in (tmp_path / "second").glob("offboard-127*.json")]
        assert {report["account"] for report in reports if report["earlier_report"]} == {small.api_url}


def test_review_many_accounts(player: Player, sandbox: Sandbox, tmp_path: Path) -> None:
    """One is rejected, and of one the agents cannot be read: the summary has all of them, and a spreadsheet."""
    with Sandbox(Options(faults=[{"method": "GET", "path": "/agents", "status": 403}])) as other:
        hosts = {"acme": host(sandbox), "globex": host(other), "rejected": {**host(sandbox), **REJECTED}}
        run = player.play_playbook(
            REVIEW,
            [],
            {"review_accounts": "all", "review_report_dir": str(tmp_path / "reports")},
            OTHER_ACCOUNT,
            {"all": {"hosts": hosts}},
        )
        assert run.rc == 2
        assert methods(sandbox, other) == {"GET"}
    # The headline is shown without -v, in the label of an item.
    assert "NOT COMPLETE: 2 of 3 accounts (globex, rejected)" in run.output
    summary = summary_of(tmp_path / "reports")
    assert by_account(summary, "result") == {"acme": "done", "globex": "not complete", "rejected": "not complete"}
    assert "HTTP 401" in by_account(summary, "headline")["rejected"]
    (spreadsheet,) = (tmp_path / "reports").glob("review-summary-*.csv")
    with spreadsheet.open(encoding="utf-8-sig", newline="") as file:
        rows = [row["name"] for row in csv.DictReader(file)]
    # The accounts that are not complete have a row with the reason.
    assert rows == ["acme"] * 21 + ["globex"] * 22 + ["rejected"]


def test_preflight(player: Player, sandbox: Sandbox) -> None:
    """It shows one line for each account and its findings, and fails if an account is not ready. It sends only GET requests."""
    run = player.play_playbook(PREFLIGHT, ["--check"], {"preflight_ticket": "CHG-1"}, connection(sandbox)).check()
    ready = f"ready ({sandbox.api_url}; 21 tokens of 5 agents listed)"
    assert run["Show all accounts"]["accounts"] == [f"localhost: {ready}"]
    expected = {
        "acme": (host(sandbox), ready),
        "read-only": (host(sandbox, zchat_access_token=fake_secret("access", READ_ONLY)), "lacks the scope 'write'"),
        "agent": (host(sandbox, zchat_access_token=fake_secret("access", OF_AN_AGENT)), "is not an Administrator"),
        "forbidden": (host(sandbox, zchat_access_token=fake_secret("access", WITHOUT_READ)), "cannot be listed"),
    }
    hosts = {name: variables for name, (variables, _text) in expected.items()}
    run = player.play_playbook(
        PREFLIGHT, [], {"preflight_accounts": "all"}, connection(sandbox), {"all": {"hosts": hosts}}
    )
    assert run.rc == 2
    assert run["Show all accounts"]["msg"].startswith("NOT READY: 3 of 4 accounts (read-only, agent, forbidden)")
    shown = "\n".join(run["Show all accounts"]["accounts"])
    for name, (_variables, text) in expected.items():
        assert f"{name}: {'ready' if text == ready else 'NOT READY'}" in shown
        assert text in shown
    assert methods(sandbox) == {"GET"}


@pytest.mark.parametrize("playbook", [OFFBOARD, REVIEW, PREFLIGHT])
def test_what_each_account_lacks(playbook: str, player: Player, sandbox: Sandbox, tmp_path: Path) -> None:
    """An account never gets the environment variables of another one. A wrong variable fails before any request.

    The summary has the reason for each account.
    """
    kind = playbook.rpartition(".")[2]
    option = {"offboard": "max_revocations", "review": "old_after", "preflight": "accounts"}[kind]
    hosts: dict[str, tuple[dict[str, Any], str]] = {
        "no_connection": ({}, "no_connection has no value for zchat_subdomain or zchat_api_url"),
        "no_credentials": ({"zchat_api_url": sandbox.api_url}, "no_credentials has no value for zchat_access_token"),
        "rejected": (host(sandbox, **REJECTED), "HTTP 401"),
        "null": (host(sandbox, zchat_access_token=None), "zchat_access_token' is null"),
        "undefined": (host(sandbox, zchat_timeout="{{ no_such_variable }}"), "'zchat_timeout' cannot be evaluated"),
        "misspelled": (host(sandbox, **{f"{kind}_{option[:-1]}": 5}), f"(use '{kind}_{option}')"),
    }
    if kind == "offboard":
        hosts["undefined_guard"] = (
            host(sandbox, offboard_max_revocations="{{ no_such_variable }}"),
            "'offboard_max_revocations' cannot be evaluated",
        )
    run = player.play_playbook(
        playbook,
        [],
        {
            f"{kind}_accounts": "all",
            **({} if kind == "preflight" else {f"{kind}_report_dir": str(tmp_path / "reports")}),
            **({"offboard_agent_emails": DEPARTING} if kind == "offboard" else {}),
        },
        connection(sandbox),
        {"all": {"hosts": {name: variables for name, (variables, _text) in hosts.items()}}},
    )
    assert run.rc == 2
    if kind == "preflight":
        shown = " ".join(run["Show all accounts"]["accounts"])
    else:
        summary = summary_of(tmp_path / "reports")
        assert by_account(summary, "result") == dict.fromkeys(hosts, "not complete")
        shown = " ".join(by_account(summary, "headline").values())
    assert [text for _variables, text in hosts.values() if text not in shown] == [], shown
    assert {entry["status"] for entry in sandbox.state.requests} == {401}


def test_accounts_that_are_not_processed(player: Player, sandbox: Sandbox, tmp_path: Path) -> None:
    """A run that starts at a later task fails, and so does a pattern without a host, or one that is null.

    Also with --start-at-task, an account never gets the environment variables of another one.
    """
    inventory: dict[str, Any] = {"all": {"hosts": {"acme": {}}}}
    for task, headline in {
        "Revoke the tokens of the departing agents": "acme has no value for zchat_subdomain",
        "Write the summary of all accounts": "This account was not processed.",
    }.items():
        folder = tmp_path / task
        variables = {"offboard_agent_emails": DEPARTING, "offboard_report_dir": str(folder), "offboard_accounts": "all"}
        run = player.play_playbook(OFFBOARD, ["--start-at-task", task], variables, connection(sandbox), inventory)
        assert run.rc == 2
        assert headline in by_account(summary_of(folder), "headline")["acme"]
    for playbook, pattern in ((OFFBOARD, None), (REVIEW, "amce"), (PREFLIGHT, "amce")):
        accounts = f"{playbook.rpartition('.')[2]}_accounts"
        run = player.play_playbook(playbook, [], {accounts: pattern}, connection(sandbox), inventory)
        assert run.rc != 0
        assert accounts in run.output
    assert sandbox.state.requests == []


def test_variables_of_localhost_are_the_connection(player: Player, sandbox: Sandbox) -> None:
    """Those of the group ``all`` too. Variables of other hosts and for connections to machines are ignored."""
    other = {"zchat_api_url": OTHER_ACCOUNT["ZCHAT_API_URL"], **REJECTED}
    inventory = {"all": {"vars": {**host(sandbox), **MACHINE}, "hosts": {"other": other}}}
    player.play_playbook(OFFBOARD, [], {"offboard_agent_emails": LEAVER_EMAIL}, {}, inventory).check()
    assert methods(sandbox) == {"GET", "DELETE"}
    assert LEAVER_ID not in {token["agent_id"] for token in sandbox.state.tokens.values()}


REVOCATION, RESULT = (
    f"{OFFBOARD} : {name}" for name in ("Revoke the tokens of the departing agents", "Set the result")
)
"""Tasks of the role."""
IGNORED = ("max_revocations=1", "OFFBOARD_MAX_REVOCATIONS=1")
FORGED = ('{"offboard_result": {"verified": true}}', "__zchat_prefix=", '{"__offboard_run": {}}')
LOST = "offboard_agent_emails=a@example.com b@example.com"


@pytest.mark.parametrize("extra", [*IGNORED, *FORGED, LOST])
def test_an_extra_variable_that_would_be_ignored_or_forges_a_result(
    extra: str, player: Player, sandbox: Sandbox
) -> None:
    """The playbook fails before any request, and names it. See test__arguments.py for all names."""
    variables = {"offboard_agent_emails": LEAVER_EMAIL}
    run = player.play_playbook(OFFBOARD, ["-e", extra], {} if extra == LOST else variables, connection(sandbox))
    assert (run.rc, sandbox.state.requests) == (2, [])
    named = "words that are not key=value" if extra == LOST else extra.strip('{"').partition("=")[0].partition('"')[0]
    assert named in run[REVOCATION]["msg"]
    result = run[RESULT]["results"][0]["ansible_facts"]["offboard_result"]
    assert result["verified"] is result["complete"] is False


def test_a_variable_of_a_play_is_no_result_of_the_role(player: Player, sandbox: Sandbox) -> None:
    """In a play of a user, an extra variable can have any name. None replaces the result that the role sets."""
    forged = {"report": {"verified": "forged"}, "msg": "forged"}
    role = {"ansible.builtin.import_role": {"name": OFFBOARD}}
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [role]}
    variables = {**dict.fromkeys(("run", "item", "result"), forged), "max_revocations": 1, "offboard_agent_ids": 7}
    run = player.play_playbook([play], ["--check"], variables, connection(sandbox)).check()
    assert run[RESULT]["results"][0]["ansible_facts"]["offboard_result"]["verified"] is True


@pytest.mark.parametrize(
    ("playbook", "arguments"),
    [(OFFBOARD, "--tags typo"), (REVIEW, "--start-at-task 'Set the result'"), (PREFLIGHT, "--skip-tags all")],
)
def test_a_playbook_that_does_nothing_fails(playbook: str, arguments: str, player: Player, sandbox: Sandbox) -> None:
    if playbook == PREFLIGHT:
        arguments = arguments.replace("Set the result", "Show all accounts")
    run = player.play_playbook(playbook, shlex.split(arguments), {"offboard_agent_ids": 5}, connection(sandbox))
    assert (run.rc, sandbox.state.requests) == (2, [])
    assert "localhost" in run.tasks[-1].result["msg"]


def test_tags_of_a_user_select_a_playbook(player: Player, sandbox: Sandbox) -> None:
    play = {"import_playbook": OFFBOARD, "tags": "offboarding"}
    other = {"hosts": "localhost", "gather_facts": False, "tags": "other", "tasks": [{"ansible.builtin.meta": "noop"}]}
    variables = {"offboard_agent_emails": LEAVER_EMAIL}
    run = player.play_playbook([play, other], ["--tags", "other"], variables, connection(sandbox)).check()
    assert [task.state for task in run.tasks if "summary" in task.name] == ["skipped"]
    assert sandbox.state.requests == []
    player.play_playbook([play, other], ["--tags", "offboarding"], variables, connection(sandbox)).check()
    assert methods(sandbox) == {"GET", "DELETE"}


ACCOUNTS: list[tuple[Any, Any]] = [
    (["acme", ["globex"]], ["acme", "globex"]),
    (" acme,globex, ", ["acme", "globex"]),
    ("chat:!acme", ["globex", "third"]),
    (["acme", "amce"], "amce"),
    ([], "preflight_accounts"),
    (None, "preflight_accounts (None)"),
]


@pytest.mark.parametrize(("accounts", "expected"), ACCOUNTS)
def test_the_accounts_are_a_list_or_a_pattern(accounts: Any, expected: Any, player: Player, sandbox: Sandbox) -> None:
    """If a part of it matches no host, nothing is sent: nobody would notice that an account is missing."""
    hosts = {name: host(sandbox) for name in ("acme", "globex", "third")}
    inventory = {"all": {"children": {"chat": {"hosts": hosts}}}}
    run = player.play_playbook(PREFLIGHT, [], {"preflight_accounts": accounts}, {}, inventory)
    if isinstance(expected, list):
        shown = run.check()["Show all accounts"]["accounts"]
        assert [line.partition(":")[0] for line in shown] == expected
    else:
        assert run.rc != 0
        assert f"{expected}" in run.output
        assert "No host of the inventory matches preflight_accounts" in run.output
        assert sandbox.state.requests == []


@pytest.mark.parametrize(
    ("file", "environment"),
    [
        ("group_vars/all/vault.yml", {}),
        ("host_vars/localhost.yml", {"ZCHAT_SUBDOMAIN": "other", "ZCHAT_ACCESS_TOKEN": "other-token"}),
    ],
)
def test_one_account_in_the_variables_of_an_inventory(
    file: str, environment: dict[str, str], player: Player, sandbox: Sandbox, tmp_path: Path
) -> None:
    """No host is given for it, and localhost is not in the inventory."""
    path = tmp_path / "inventory" / file
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(host(sandbox)))
    (tmp_path / "inventory" / "hosts").write_text("web1\n")
    arguments = ["-i", str(tmp_path / "inventory"), "--check"]
    run = player.play_playbook(OFFBOARD, arguments, {"offboard_agent_emails": LEAVER_EMAIL}, environment)
    if environment:
        assert (run.rc, sandbox.state.requests) == (2, [])
        assert "zchat_api_url and ZCHAT_SUBDOMAIN are both set" in run.output
    else:
        assert run.check()[REVOCATION]["report"]["summary"]["would_be_revoked"] == 12


def test_a_relative_path_starts_at_the_folder_in_which_ansible_was_started(
    player: Player, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Not at the folder of the playbook. ``Player`` starts Ansible in a folder of its own."""
    shutil.copy(certifi.where(), tmp_path / "ca.pem")
    path = {"ca_path": "../ca.pem"}
    leaver = {"agent_emails": [LEAVER_EMAIL]}
    tasks = [
        {"zchat.admin.zchat_offboard": {**leaver, **path, "report_dir": "../reports"}, "check_mode": True},
        {"zchat.admin.zchat_agent_info": path},
        {"zchat.admin.zchat_connection_info": None, "environment": {"ZCHAT_CA_PATH": "../ca.pem"}},
        {"zchat.admin.zchat_oauth_token_info": None},
        {"zchat.admin.zchat_oauth_token": {"state": "absent", **leaver, **path, "journal": "../journal.jsonl"}},
        {"zchat.admin.zchat_oauth_client_info": path},
        {"zchat.admin.zchat_oauth_client": {"state": "absent", **leaver, **path, "journal": "../clients.jsonl"}},
    ]
    folder = tmp_path / "project" / "playbooks"
    folder.mkdir(parents=True)
    play = {"hosts": "localhost", "gather_facts": False, "tasks": tasks}
    imported = {"import_playbook": PREFLIGHT}
    (folder / "site.yml").write_text(json.dumps([imported, play]))
    environment = {**connection(sandbox), "ZCHAT_CA_PATH": "../ca.pem"}
    player.play_playbook(str(folder / "site.yml"), [], {}, environment).check()
    created = {"clients.jsonl", "journal.jsonl", "reports"}
    assert created <= {entry.name for entry in tmp_path.iterdir()}


@pytest.mark.parametrize(
    ("place", "validated"),
    [("report_dir", True), ("report_dir", False), ("zchat_ca_path", True), ("ZCHAT_CA_PATH", True)],
)
def test_no_environment_variable_in_a_path_is_replaced(
    place: str, validated: bool, player: Player, sandbox: Sandbox, tmp_path: Path
) -> None:
    """``Player`` searches the output for the token."""
    path = f"{tmp_path}/$ZCHAT_ACCESS_TOKEN"
    variables = {place.replace("report", "offboard_report"): path, "offboard_agent_ids": 7}
    role = {"ansible.builtin.import_role": {"name": OFFBOARD, "rolespec_validate": validated}}
    environment = {**connection(sandbox), **({place: path} if place.isupper() else {})}
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [role]}
    run = player.play_playbook([play], [], variables, environment)
    assert (run.rc, sandbox.state.requests) == (2, [])
    assert "contains the character '$'" in run.output
    assert [entry.name for entry in tmp_path.iterdir() if "token" in entry.name.lower()] == []


@pytest.mark.parametrize("blank", ["", None])
def test_blank_answers_of_the_survey_of_controller(blank: str | None, player: Player, sandbox: Sandbox) -> None:
    """They are no error, and the limit is that of the survey. Controller sends null or an empty string."""
    playbook = str(ROOT / "extensions" / "controller" / "project" / "offboard.yml")
    answers: dict[str, Any] = {"leavers": blank, "leavers_limit": blank, "leavers_unknown": blank}
    player.play_playbook(playbook, [], answers, connection(sandbox)).check()
    assert sandbox.state.requests == []
    sandbox.reset(tokens=60)
    agent_ids = sorted({token["agent_id"] for token in sandbox.state.tokens.values()})
    answers.update(offboard_agent_ids=agent_ids, offboard_own_token="keep")
    run = player.play_playbook(playbook, [], answers, connection(sandbox))
    assert "'offboard_max_revocations' is 50" in run[REVOCATION]["msg"]
    run = player.play_playbook(playbook, [], {**answers, "leavers_limit": 0}, connection(sandbox))
    assert "'offboard_max_revocations' is 0" in run[REVOCATION]["msg"]
    assert methods(sandbox) == {"GET"}


def _modules() -> list[dict[str, Any]]:
    """Return a task of each module that sends DELETE requests."""
    modules = ("zchat_oauth_token", "zchat_oauth_client")
    return [{f"zchat.admin.{module}": {"state": "absent", "agent_ids": [LEAVER_ID]}} for module in modules]


def test_check_mode(player: Player, sandbox: Sandbox) -> None:
    """Check mode of the command line, a play, a block or a task sends no DELETE. A null keyword never overrides --check."""
    role: dict[str, Any] = {"ansible.builtin.import_role": {"name": OFFBOARD}}
    module, deletion = _modules()
    action = {"zchat.admin.zchat_offboard": {"agent_ids": [LEAVER_ID]}}
    play = {"hosts": "localhost", "gather_facts": False, "vars": {"offboard_agent_ids": LEAVER_ID}}
    plays = [
        {**play, "check_mode": True, "tasks": [role, module, deletion]},
        {**play, "tasks": [{"check_mode": True, "block": [role, module, deletion]}]},
        {**play, "tasks": [{**task, "check_mode": True} for task in (module, deletion, action)]},
    ]
    run = player.play_playbook(plays, environment=connection(sandbox)).check()
    assert methods(sandbox) == {"GET"}
    changed = [task for task in run.tasks if task.result.get("changed")]
    assert len(changed) == 3 * len(plays)

    null = {"check_mode": "{{ dry_run | default(none) }}", "ignore_errors": True}
    of_tasks = {"null": module, "null of a deletion": deletion, "null of an action": action}
    tasks = [module, deletion, role, *({"name": name, **task, **null} for name, task in of_tasks.items())]
    run = player.play_playbook([{**play, "tasks": tasks}], ["--check"], environment=connection(sandbox)).check()
    for name in of_tasks:
        # Some versions of ansible-core reject it themselves.
        assert re.search(REJECTED_NULL, run[name]["msg"])
    assert methods(sandbox) == {"GET"}


REJECTED_NULL = r"'check_mode' (of this task is null|has an invalid value)"


def test_a_null_check_mode_never_overrides_that_of_a_block_or_a_play(player: Player, sandbox: Sandbox) -> None:
    null, dry = {"check_mode": "{{ dry_run | default(none) }}"}, {"check_mode": True}
    module, deletion = _modules()
    action = {"zchat.admin.zchat_offboard": {"agent_ids": [LEAVER_ID]}}
    role = {"ansible.builtin.include_role": {"name": OFFBOARD}}
    tasks = [{**module, **null}, {**deletion, **null}, {**action, **null}]
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "ignore_errors": True,
        "vars": {"offboard_agent_ids": LEAVER_ID},
    }
    plays = [
        {**play, **dry, "tasks": tasks},
        {**play, "tasks": [{**dry, "block": tasks}]},
        {**play, **dry, "tasks": [{**null, "block": [module, deletion, action]}]},
        {**play, **dry, "tasks": [{**null, "block": [role]}]},
    ]
    run = player.play_playbook(plays, environment=connection(sandbox)).check()
    rejected = [task for task in run.tasks if re.search(REJECTED_NULL, str(task.result.get("msg")))]
    assert (len(rejected), sandbox.state.requests) == (10, [])


def printed(stdout: str) -> list[dict[str, Any]]:
    """Return the reports that a run printed because they could not be written."""
    decoder, mark = json.JSONDecoder(), '{\n  "schema": 1'
    starts = [number for number in range(len(stdout)) if stdout.startswith(mark, number)]
    return [decoder.raw_decode(stdout[start:])[0] for start in starts]


def test_a_report_folder_that_cannot_be_used(
    player: Player, sandbox: Sandbox, small_disk: Callable[[str], Path]
) -> None:
    """The run fails before any request."""
    variables = {"offboard_agent_emails": DEPARTING, "offboard_report_dir": str(small_disk("ro"))}
    run = player.play_playbook(OFFBOARD, [], variables, connection(sandbox))
    assert run.rc == 2
    assert "'offboard_report_dir' cannot be written to. [Errno 30] Read-only file system" in run.output
    assert sandbox.state.requests == []


def test_a_disk_that_is_full_after_the_run(player: Player, sandbox: Sandbox, small_disk: Callable[[str], Path]) -> None:
    """The run fails, and prints the report of the account and the summary."""
    sandbox.reset(tokens=200)
    variables = {
        "offboard_accounts": "all",
        "offboard_agent_ids": sorted({token["agent_id"] for token in sandbox.state.tokens.values()}),
        "offboard_own_token": "keep",
        "offboard_report_dir": str(small_disk("size=120k")),
    }
    run = player.play_playbook(OFFBOARD, [], variables, {}, {"all": {"hosts": {"acme": host(sandbox)}}})
    assert run.rc == 2
    assert "could not be written: [Errno 28] No space left on device" in run.output
    report, summary = printed(run.stdout)
    assert report["summary"]["revoked"] == summary["summary"]["revoked"] == 220
    assert methods(sandbox) == {"GET", "DELETE"}
