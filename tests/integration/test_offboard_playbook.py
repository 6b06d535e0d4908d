# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plays ``zchat.admin.offboard``: without an inventory, and with one in which each host is an account."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.ansible_run import Player
from tests.sandbox import COLLEAGUE_EMAIL, LEAVER_EMAIL, LEAVER_ID, Sandbox

PLAYBOOK = "zchat.admin.offboard"
ACCOUNTS = 12
BROKEN = "account07"
LEAVERS = [LEAVER_EMAIL, COLLEAGUE_EMAIL]


def reports(folder: Path) -> list[dict[str, Any]]:
    """The reports in a folder, in the order of their names; each has its page beside it, and nobody else may read either."""
    files = sorted(folder.iterdir())
    assert {file.stat().st_mode & 0o777 for file in files} <= {0o600}
    written = [file for file in files if file.suffix == ".json"]
    assert sorted([*written, *(file.with_suffix(".html") for file in written)]) == files
    return [json.loads(file.read_text("utf-8")) for file in written]


def verbs(sandbox: Sandbox) -> set[str]:
    return {entry["method"] for entry in sandbox.state.requests}


def fates(report: dict[str, Any]) -> list[tuple[int, int, str]]:
    """What became of each token: agent, token, result."""
    return [(agent["id"], token["id"], token["result"]) for agent in report["agents"] for token in agent["tokens"]]


def test_without_an_inventory(player: Player, sandbox: Sandbox, tmp_path: Path) -> None:
    """The connection is the environment's. The dry run and the real run agree token by token."""
    folder = tmp_path / "reports"
    environment = {"ZCHAT_API_URL": sandbox.api_url, "ZCHAT_ACCESS_TOKEN": str(sandbox.access_token)}
    variables = {"offboard_agent_emails": LEAVERS, "offboard_report_dir": str(folder)}
    dry_run = player.play_playbook(PLAYBOOK, ["--check"], variables, environment).check()
    assert verbs(sandbox) == {"GET"}
    real_run = player.play_playbook(PLAYBOOK, [], variables, environment).check()
    dry, real = sorted(reports(folder), key=lambda report: not report["dry_run"])
    assert [(*fate[:2], fate[2].replace("would be revoked", "revoked")) for fate in fates(dry)] == fates(real)
    assert len(fates(real)) == 15
    assert {fate[2] for fate in fates(real)} == {"revoked"}
    assert real["verified"]
    assert not dry["verified"]
    assert [task.name for task in dry_run.tasks] == [task.name for task in real_run.tasks]
    # Only a revocation counts as a change.
    for run in (dry_run, real_run):
        assert [task.action for task in run.tasks if task.result.get("changed")] == ["zchat.admin.zchat_oauth_token"]
    assert not {LEAVER_ID} & {token["agent_id"] for token in sandbox.state.tokens.values()}


def test_one_text_with_a_comma(player: Player, sandbox: Sandbox) -> None:
    """Written as it is tempting to: -e offboard_agent_emails=one,other means two people."""
    environment = {"ZCHAT_API_URL": sandbox.api_url, "ZCHAT_ACCESS_TOKEN": str(sandbox.access_token)}
    people = ["-e", f"offboard_agent_emails={LEAVER_EMAIL}, {COLLEAGUE_EMAIL}".replace(" ", "")]
    run = player.play_playbook(PLAYBOOK, people, {}, environment).check()
    assert "15 tokens of 2 people revoked, and none is left" in run.output


def test_nobody_is_named(player: Player, sandbox: Sandbox) -> None:
    """A mistyped variable is not taken for nobody."""
    environment = {"ZCHAT_API_URL": sandbox.api_url, "ZCHAT_ACCESS_TOKEN": str(sandbox.access_token)}
    for variables in ({}, {"offboard_agent_email": LEAVER_EMAIL}):
        run = player.play_playbook(PLAYBOOK, [], variables, environment)
        assert run.rc == 2, run.output
        assert "Neither offboard_agent_emails nor offboard_agent_ids is set, so nobody was offboarded." in run.output
    assert sandbox.state.requests == []


def test_the_inventory_names_them(player: Player, sandbox: Sandbox) -> None:
    """Each account its own people."""
    connection = {
        "zchat_api_url": sandbox.api_url,
        "zchat_access_token": sandbox.access_token,
        # Somebody's habit of naming all of them.
        **dict.fromkeys(["zchat_subdomain", "zchat_email", "zchat_password"]),
    }
    hosts = {"acme": {**connection, "offboard_agent_ids": [LEAVER_ID]}}
    run = player.play_playbook(
        PLAYBOOK, ["--check"], {"offboard_accounts": "acme"}, {}, {"all": {"hosts": hosts}}
    ).check()
    assert "DRY RUN: 12 tokens of 1 person would be revoked" in run.output


def test_nobody_leaves_today(player: Player, sandbox: Sandbox) -> None:
    """It needs no connection, no folder, nothing."""
    run = player.play_playbook(PLAYBOOK, [], {"offboard_agent_emails": []}).check()
    assert not [task for task in run.tasks if task.result.get("changed") or task.state == "failed"]
    assert "Nobody leaves" in run.output
    assert sandbox.state.requests == []


@pytest.fixture
def accounts() -> Iterator[dict[str, Sandbox]]:
    """Accounts by the name of their host."""
    with contextlib.ExitStack() as stack:
        yield {f"account{n:02d}": stack.enter_context(Sandbox()) for n in range(1, ACCOUNTS + 1)}


def inventory(accounts: dict[str, Sandbox]) -> dict[str, Any]:
    """Each account with a connection of its own, by token or by password, and much that must not matter."""
    hosts = {}
    for number, (name, account) in enumerate(accounts.items()):
        if number % 2:
            hosts[name] = {"zchat_api_url": account.api_url, "zchat_access_token": account.access_token}
        else:
            login = {"zchat_email": account.email, "zchat_password": account.password}
            hosts[name] = {"zchat_api_url": account.legacy_url, **login}
    machine = {
        "ansible_connection": "ssh",
        "ansible_host": "192.0.2.1",
        "ansible_user": "nobody",
        "ansible_become": True,
        "ansible_become_user": "nobody",
        "ansible_python_interpreter": "/nonexistent/python",
    }
    return {"all": {"vars": machine, "children": {"chat": {"hosts": hosts}}, "hosts": {"machine": {}}}}


def test_many_accounts_at_once(player: Player, accounts: dict[str, Sandbox], tmp_path: Path) -> None:
    """Each is offboarded with its own connection; one that fails does not keep the others from it."""
    folder = tmp_path / "reports"
    accounts[BROKEN].reset(faults=[{"method": "DELETE", "path": "/1204$", "status": 422}])
    run = player.play_playbook(
        PLAYBOOK,
        ["--forks", str(ACCOUNTS)],
        {"offboard_accounts": "chat", "offboard_agent_emails": LEAVERS, "offboard_report_dir": str(folder)},
        # Somebody else's, which must not be used.
        {
            "ZCHAT_API_URL": "http://127.0.0.1:9/api/v2",
            "ZCHAT_ACCESS_TOKEN": "not-this-one",
            "ANSIBLE_ANY_ERRORS_FATAL": "true",
        },
        inventory(accounts),
    )
    assert run.rc == 2, run.output
    assert "Traceback (most recent call last)" not in run.output
    written = {report["account"]: report for report in reports(folder)}
    for number, (name, account) in enumerate(accounts.items()):
        report = written.pop(account.api_url if number % 2 else account.legacy_url)
        left = [token["id"] for token in account.state.tokens.values() if token["agent_id"] == LEAVER_ID]
        assert left == ([1204] if name == BROKEN else [])
        assert report["summary"]["revoked"] == 15 - len(left)
        assert report["summary"]["not_revoked"] == len(left)
        assert report["verified"] is (not left)
    assert not written
    failed = [task for task in run.tasks if task.state == "failed"]
    assert [task.name for task in failed] == ["zchat.admin.offboard : Revoke their tokens"]


def test_an_account_without_a_connection_of_its_own(player: Player, sandbox: Sandbox) -> None:
    """It is not offboarded with what is in the environment, which is another account's."""
    for connection in (
        {"zchat_subdomain": "acme"},
        {"zchat_api_url": None, "zchat_access_token": "a-token"},
        {"zchat_subdomain": "acme", "zchat_access_token": None, "zchat_email": "a@example.com", "zchat_password": ""},
    ):
        run = player.play_playbook(
            PLAYBOOK,
            ["--check"],
            {"offboard_accounts": "all", "offboard_agent_emails": LEAVERS},
            {"ZCHAT_API_URL": sandbox.api_url, "ZCHAT_ACCESS_TOKEN": str(sandbox.access_token)},
            {"all": {"hosts": {"account": connection}}},
        )
        told = run.check_failed("See that the account has a connection of its own")
        assert "account needs zchat_subdomain or zchat_api_url" in told["msg"]
    assert sandbox.state.requests == []


def test_reports_of_one_second_do_not_replace_each_other(
    player: Player, accounts: dict[str, Sandbox], tmp_path: Path
) -> None:
    """As with accounts at one host, whose reports have the same name."""
    folder = tmp_path / "reports"
    same = next(iter(accounts.values()))
    hosts = {
        name: {"zchat_api_url": same.api_url, "zchat_access_token": same.access_token} for name in list(accounts)[:4]
    }
    player.play_playbook(
        PLAYBOOK,
        ["--check"],
        {
            "offboard_accounts": "all",
            "offboard_agent_emails": ["nobody@example.com"],
            "offboard_report_dir": str(folder),
        },
        inventory={"all": {"hosts": hosts}},
    ).check()
    assert len(reports(folder)) == len(hosts)


def test_a_pattern_that_means_no_account(player: Player, accounts: dict[str, Sandbox]) -> None:
    """Ansible itself would only warn, and end well."""
    run = player.play_playbook(
        PLAYBOOK,
        [],
        {"offboard_accounts": "caht", "offboard_agent_emails": LEAVERS},
        inventory=inventory(accounts),
    )
    assert run.rc == 2, run.output
    assert "No host of the inventory matches offboard_accounts (caht). Nobody was offboarded." in run.output
    assert not any(account.state.requests for account in accounts.values())
