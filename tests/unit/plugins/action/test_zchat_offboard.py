# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The offboarding from its arguments to its report, each end of a run included."""

from __future__ import annotations

import json
import os
import re
import signal
from pathlib import Path

import pytest

from ansible_collections.zchat.admin.plugins.action.zchat_offboard import ActionModule
from ansible_collections.zchat.admin.plugins.plugin_utils._arguments import PREFIX
from ansible_collections.zchat.admin.tests.unit.support.actions import Controller
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import NOT_FOUND, OWN, MockChat, Reply, agent, token

ACCOUNT = "https://acme.zendesk.com/api/v2/chat"
JONAS, PRIYA, OTHER = 5, 6, 7
ROLE = {PREFIX: "offboard_"}
DONE = "3 tokens of 2 people revoked, and none is left; 1 person can still sign in"


def account(**more):
    tokens = [token(1, agent_id=JONAS), token(2, agent_id=PRIYA), token(3, agent_id=JONAS), token(4, agent_id=OTHER)]
    agents = [agent(JONAS, "jonas@example.com"), agent(PRIYA, "priya@example.com", enabled=False)]
    own = token(9, agent_id=10000026, access_token=OWN)
    return MockChat([*tokens, own], agents=[*agents, agent(10000026, "own@example.com")], **more)


@pytest.fixture(name="run")
def _run(monkeypatch):
    controller = Controller(monkeypatch)

    def run(chat=None, task_vars=None, **args):
        args = {"agent_emails": "jonas@example.com", "agent_ids": [PRIYA], **args}
        chat = account() if chat is None else chat
        outcome = controller.run(ActionModule, chat, task_vars, **args)
        assert outcome.keys() >= {"changed", "failed", "msg", "report", "report_files"}
        return outcome

    return run


def results(report):
    return {row["id"]: row["result"] for person in report["agents"] for row in person["tokens"]}


def test_dry_run_run_another_run_and_dry_run(run):
    chat = account()
    dry_run = run(chat, check_mode=True)
    assert chat.deleted == []
    assert dry_run["msg"] == "DRY RUN: 3 tokens of 2 people would be revoked; 1 person can still sign in"
    assert (dry_run["changed"], dry_run["report"]["complete"]) == (True, False)
    done = run(chat)
    assert sorted(chat.deleted) == [1, 2, 3]
    assert (done["msg"], done["changed"], done["failed"], done["report_files"]) == (DONE, True, False, [])
    assert (done["report"]["complete"], done["report"]["summary"]["revoked"]) == (True, 3)
    assert results(done["report"]) == {1: "revoked", 2: "revoked", 3: "revoked"}
    for check_mode in (False, True):
        again = run(chat, check_mode=check_mode)
        assert (again["changed"], again["failed"], again["report"]["complete"]) == (False, False, True)
    assert sorted(chat.deleted) == [1, 2, 3]


@pytest.mark.parametrize("task_vars", [{}, ROLE])
def test_nobody_is_given(task_vars, run, tmp_path):
    chat = account()
    outcome = run(chat, task_vars, agent_ids=[], agent_emails=[], report_dir=str(tmp_path), subdomain=...)
    assert (chat.requests, os.listdir(tmp_path)) == ([], [])
    assert (outcome["failed"], outcome["report"]["complete"]) == (False, True)
    assert outcome["msg"] == outcome["report"]["headline"]
    assert ("'offboard_agent_emails' and" in outcome["msg"]) is bool(task_vars)


@pytest.mark.parametrize(
    ("args", "task_vars", "part"),
    [
        ({"agent_ids": None}, {}, "'offboard_agent_ids' is null"),
        # Older templates make something else of null.
        ({"own_token": "None"}, {"offboard_own_token": None}, "'offboard_own_token' is null"),
        ({"report_formats": []}, {}, "'offboard_report_formats' is empty"),
        ({"unknown_agents": "never"}, {}, "offboard_unknown_agents"),
        ({"agent_mail": "x"}, {}, "agent_mail"),
        ({}, {"offboard_max_revocation": 5}, "'offboard_max_revocation' (use 'offboard_max_revocations')"),
        ({}, {"offboard_subdomain": "acme"}, "'offboard_subdomain' (set the zchat_ variable"),
        ({}, {"offboard_exclude": {}}, "'offboard_exclude' (only the modules have this option)"),
        ({"report_dir": "/dev/null/reports"}, {}, "'offboard_report_dir' cannot be written to"),
        ({"subdomain": "a.b"}, {}, "'zchat_subdomain' must be"),
        ({"subdomain": ...}, {}, "No Chat account is set"),
        ({"access_token": ..., "email": "x"}, {}, "'zchat_password' is missing"),
        (
            {"agent_emails": "jonas"},
            {},
            "'offboard_agent_emails' contains 'jonas', which is not one plain email address",
        ),
    ],
)
def test_what_is_rejected_before_any_request(args, task_vars, part, run):
    chat = account()
    outcome = run(chat, {**ROLE, **task_vars}, **args)
    assert chat.requests == []
    assert outcome["failed"]
    assert outcome["msg"].startswith("NOT COMPLETE: nothing was revoked. ")
    assert part in outcome["msg"]
    # The report has every key, and states nothing that is unknown.
    assert outcome["report"]["headline"] == "NOT COMPLETE: nothing was revoked"
    assert (outcome["report"]["complete"], outcome["report"]["summary"]["revoked"]) == (False, 0)
    assert outcome["report"]["summary"]["not_revoked"] is None


def test_outside_the_role_options_have_their_own_names_and_variables_do_not_matter(run):
    outcome = run(task_vars={"offboard_max_revocation": 5, "offboard_accounts": "x"}, agent_ids=None)
    assert "'agent_ids' is null" in outcome["msg"]


def test_the_report_is_written_and_the_journal_stays(run, tmp_path):
    outcome = run(report_dir=str(tmp_path / "reports"), agent_emails="jonas@example.com, x@example.com")
    files = [Path(name) for name in outcome["report_files"]]
    assert [file.suffix for file in files] == [".json", ".html", ".jsonl"]
    assert files[0].name.startswith("offboard-acme.zendesk.com-20")
    assert json.loads(files[0].read_text("utf-8")) == outcome["report"]
    assert outcome["warnings"] == outcome["report"]["warnings"] != []
    assert "<title>3 tokens of 2 people revoked" in files[1].read_text("utf-8")
    assert len(files[2].read_text("utf-8").splitlines()) == 6


def test_a_dry_run_leaves_no_journal(run, tmp_path):
    outcome = run(check_mode=True, report_dir=str(tmp_path), report_formats="json")
    assert outcome["report"]["dry_run"]
    assert [Path(name).suffix for name in outcome["report_files"]] == [".json"]
    assert len(os.listdir(tmp_path)) == 1


def test_a_failed_revocation_fails_the_task_after_the_report(run, tmp_path):
    outcome = run(task_vars=ROLE, max_revocations=2, report_dir=str(tmp_path))
    assert outcome["failed"]
    reason = (
        "Nothing was revoked: 3 tokens would be revoked, and 'offboard_max_revocations' is 2. If the selection is "
        "correct, increase it."
    )
    assert outcome["msg"] == f"NOT COMPLETE: nothing was revoked. {reason}"
    assert outcome["report"]["msg"] == reason
    assert (outcome["changed"], len(outcome["report_files"])) == (False, 2)


@pytest.mark.parametrize("reply", [Reply(401, {"error": "No"}), Reply(503), Reply(200, b"<html>")])
def test_what_is_unknown_after_a_failed_list_is_null(reply, run, tmp_path):
    outcome = run(account(script={"GET oauth/tokens": [reply]}), report_dir=str(tmp_path))
    report = outcome["report"]
    assert (outcome["failed"], outcome["status"], report["complete"]) == (True, reply.status, False)
    assert (report["listed"], report["unknown_agent_emails"], report["unknown_agent_ids"]) == (None, None, None)
    assert [person["tokens"] for person in report["agents"]] == [None, None]
    assert [report["summary"][key] for key in ("agents", "kept", "gone", "not_revoked")] == [None] * 4
    assert len(outcome["report_files"]) == 2


def test_a_delete_whose_outcome_is_unknown(run):
    replies = {"DELETE oauth/tokens/1": [Reply(None)], "GET oauth/tokens": [None, Reply(503)]}
    report = run(account(script=replies))["report"]
    assert results(report) == {1: "unknown", 2: "revoked", 3: "revoked"}
    assert report["summary"]["not_revoked"] == 1


@pytest.mark.parametrize("number", [signal.SIGALRM, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_an_interrupted_run_writes_its_report(number, run, tmp_path):
    chat = account()
    chat.tokens.update({100 + count: token(100 + count, agent_id=JONAS) for count in range(40)})

    def interrupt(line):
        if line.startswith("DELETE") and not chat.deleted:
            os.kill(os.getpid(), number)
            while not chat.interruption.happened:
                pass

    chat.before = interrupt

    def interrupted():
        return run(chat, report_dir=str(tmp_path), report_formats="json", timeout=5)

    if number == signal.SIGALRM:
        assert re.match(
            r"NOT COMPLETE: \d+ of 43 tokens revoked, \d+ not\. The task timed out after 5 s\.", interrupted()["msg"]
        )
    else:
        with pytest.raises(SystemExit):
            interrupted()
    (path,) = tmp_path.glob("*.json")
    report = json.loads(path.read_text("utf-8"))
    (journal,) = tmp_path.glob("*.jsonl")
    lines = list(map(json.loads, journal.read_text("utf-8").splitlines()))
    assert {line["token"] for line in lines if line["event"] == "revoked"} == set(chat.deleted)
    revoked = {name for name, result in results(report).items() if result == "revoked"}
    assert 0 < len(revoked) < 43
    assert revoked == set(chat.deleted)
    assert report["summary"]["not_revoked"] == 43 - len(revoked)
    assert (report["complete"], report["verified"]) == (False, False)
    assert "after 5 seconds" not in path.read_text("utf-8")


def test_the_files_do_not_contain_the_credentials(run, tmp_path):
    """Not even if the API returns them as something else."""
    chat = account(clients=[{"client_identifier": "zendesk", "name": "x own-token-value x"}])
    for path in run(chat, report_dir=str(tmp_path))["report_files"]:
        assert "own-token-value" not in Path(path).read_text("utf-8")


def test_credentials_that_occur_in_ids_do_not_change_them(run, monkeypatch):
    chat = account()
    chat.tokens[2]["agent_id"] = 77755577
    chat.agents.append(agent(77755577, "priya2@example.com"))
    monkeypatch.setenv("ZCHAT_EMAIL", "a@example.com")
    monkeypatch.setenv("ZCHAT_PASSWORD", "77755577")
    outcome = run(chat, access_token=..., agent_ids=[77755577])
    assert {person["id"] for person in outcome["report"]["agents"]} == {JONAS, 77755577}


def test_a_report_that_cannot_be_written_hides_nothing(run, tmp_path):
    chat = account()

    def remove(line):
        if line == "GET oauth/tokens" and chat.deleted:
            for path in tmp_path.iterdir():
                path.unlink()
            tmp_path.rmdir()

    chat.before = remove
    outcome = run(chat, report_dir=str(tmp_path))
    tmp_path.mkdir()
    assert (outcome["failed"], outcome["changed"], outcome["report"]["summary"]["revoked"]) == (True, True, 3)
    assert outcome["msg"].startswith(f"{DONE}. The report ")


@pytest.mark.parametrize(
    ("people", "failed"),
    [
        ({}, False),
        ({"agent_emails": "jonas@example.com,x@example.com"}, True),
        ({"agent_ids": [PRIYA, 77]}, True),
        # A deleted agent that still has tokens.
        ({"agent_ids": [OTHER]}, False),
    ],
)
def test_unknown_agents_can_fail_the_task(people, failed, run):
    script = {f"GET agents/{OTHER}": [Reply(404, NOT_FOUND)]}
    outcome = run(account(script=script), ROLE, unknown_agents="fail", **people)
    assert outcome["failed"] is failed
    assert ("'offboard_unknown_agents' is 'fail'" in outcome["msg"]) is failed
    assert outcome["report"]["msg"] is None
    assert not run(account(), **people)["failed"]
