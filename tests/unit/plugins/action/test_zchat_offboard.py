# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The offboarding from its arguments to its report, each end of a run included."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from unittest.mock import Mock

import pytest

from ansible_collections.zchat.admin.plugins.action.zchat_offboard import ActionModule
from ansible_collections.zchat.admin.plugins.plugin_utils import _files
from ansible_collections.zchat.admin.plugins.plugin_utils._arguments import PREFIX
from ansible_collections.zchat.admin.tests.unit.support.actions import Controller
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import NOT_FOUND, OWN, MockChat, Reply, agent, token

JONAS, PRIYA, OTHER = 5, 6, 7
DONE = "3 tokens of 2 people revoked, and none is left; 1 person can still sign in"
FULL = OSError(28, "No space left on device")


def account(script=None, **more):
    tokens = [token(1, agent_id=JONAS), token(2, agent_id=PRIYA), token(3, agent_id=JONAS), token(4, agent_id=OTHER)]
    people = [agent(JONAS, "jonas@example.com"), agent(PRIYA, "priya@example.com", enabled=False)]
    own = token(9, agent_id=10000026, access_token=OWN)
    return MockChat([*tokens, own], agents=[*people, agent(10000026, "own@example.com")], script=script, **more)


@pytest.fixture(name="controller")
def _controller(monkeypatch):
    return Controller(monkeypatch, ActionModule)


@pytest.fixture(name="run")
def _run(controller):
    """Run the task of the role for two people. The variables have no prefix."""

    def run(chat=None, variables=None, **args):
        people = {"agent_emails": "jonas@example.com", "agent_ids": [PRIYA]}
        named = {f"offboard_{name}": value for name, value in (variables or {}).items()}
        outcome = controller(chat or account(), {PREFIX: "offboard_", **named}, **{**people, **args})
        assert outcome.keys() >= {"changed", "failed", "msg", "report", "report_files"}
        return outcome

    return run


def results(report):
    return {row["id"]: row["result"] for person in report["agents"] for row in person["tokens"] or ()}


def test_dry_run_run_another_run_and_dry_run(run, tmp_path):
    """Each writes its report. Only the run that revokes has a journal."""
    chat = account()

    def play(check_mode):
        outcome = run(chat, check_mode=check_mode, report_dir=str(tmp_path / "reports"))
        json_file, page, *journal = map(Path, outcome["report_files"])
        assert json_file.name.startswith("offboard-acme.zendesk.com-20")
        assert json.loads(json_file.read_text("utf-8")) == outcome["report"]
        assert f"<title>{outcome['msg']}" in page.read_text("utf-8")
        assert outcome["report"]["dry_run"] is check_mode
        return [*(outcome[key] for key in ("msg", "changed", "failed")), outcome["report"]["complete"], journal]

    planned = "DRY RUN: 3 tokens of 2 people would be revoked; 1 person can still sign in"
    assert play(True) == [planned, True, False, False, []]
    assert chat.deleted == []
    *done, (journal,) = play(False)
    assert done == [DONE, True, False, True]
    assert len(journal.read_text("utf-8").splitlines()) == 6
    for check_mode in (False, True):
        assert play(check_mode)[1:] == [False, False, True, []]
    assert sorted(chat.deleted) == [1, 2, 3]


@pytest.mark.parametrize(
    ("args", "variables", "part"),
    [
        # Older templates make something else of null.
        ({"own_token": "None"}, {"own_token": None}, "'offboard_own_token' is null"),
        ({"agent_ids": None}, {}, "'offboard_agent_ids' is null"),
        ({"unknown_agents": "never"}, {}, "offboard_unknown_agents"),
        ({"agent_mail": "x"}, {}, "agent_mail"),
        ({}, {"max_revocation": 5}, "'offboard_max_revocation' (use 'offboard_max_revocations')"),
        *(
            ({"report_dir": folder}, {}, "The folder in 'offboard_report_dir' cannot be written to.")
            for folder in ("/dev/null/reports", "/proc/reports", "\0")
        ),
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
def test_what_is_rejected_before_any_request(args, variables, part, run):
    """The report has every key, and states nothing that is unknown."""
    chat = account()
    outcome = run(chat, variables, **args)
    assert (chat.requests, outcome["failed"]) == ([], True)
    assert outcome["msg"].startswith("NOT COMPLETE: nothing was revoked. ")
    assert part in outcome["msg"]
    assert (outcome["report"]["complete"], outcome["report"]["summary"]["revoked"]) == (False, 0)
    assert outcome["report"]["summary"]["not_revoked"] is None


@pytest.mark.parametrize("prefix", ["", "offboard_"])
def test_if_nobody_is_given_there_is_no_request_and_no_file(prefix, controller, tmp_path):
    chat = account()
    outcome = controller(chat, {PREFIX: prefix}, agent_ids=[], report_dir=str(tmp_path), subdomain=...)
    assert (chat.requests, os.listdir(tmp_path)) == ([], [])
    assert (outcome["failed"], outcome["report"]["complete"]) == (False, True)
    assert f"'{prefix}agent_emails' and '{prefix}agent_ids' are not set" in outcome["msg"]


@pytest.mark.parametrize(
    ("script", "args", "expected", "part"),
    [
        ({}, {"max_revocations": 2}, dict.fromkeys([1, 2, 3], "not revoked"), "'offboard_max_revocations' is 2."),
        *(({"GET oauth/tokens": [reply]}, {}, {}, "") for reply in (Reply(401), Reply(503), Reply(200, b"<html>"))),
        ({"GET agents/email/jonas%40example.com": [Reply(401)]}, {}, {}, "HTTP 401"),
        (
            {"DELETE oauth/tokens/1": [Reply(422, applied=False)], "DELETE oauth/tokens/3": [Reply(404, NOT_FOUND)]},
            {},
            {1: "not revoked", 2: "revoked", 3: "gone"},
            "HTTP 422",
        ),
        (
            {"DELETE oauth/tokens/1": [Reply(None)], "GET oauth/tokens": [None, Reply(503)]},
            {},
            {1: "unknown", 2: "revoked", 3: "revoked"},
            "",
        ),
    ],
)
def test_a_failed_revocation_fails_the_task_after_the_report(script, args, expected, part, run, tmp_path):
    """Without a list, everything is null except the given people, and that nothing was revoked."""
    outcome = run(account(script), report_dir=str(tmp_path), **args)
    report, summary = outcome["report"], outcome["report"]["summary"]
    assert (outcome["failed"], report["complete"], results(report)) == (True, False, expected)
    assert (outcome["changed"], summary["revoked"]) == (
        "revoked" in expected.values(),
        list(expected.values()).count("revoked"),
    )
    assert outcome["msg"].startswith("NOT COMPLETE: ")
    assert part in report["msg"]
    assert report["msg"] in outcome["msg"]
    assert len(outcome["report_files"]) == (3 if outcome["changed"] else 2)
    if not expected:
        assert [report[key] for key in ("listed", "unknown_agent_emails", "unknown_agent_ids")] == [None] * 3
        assert [(person["id"], person["tokens"]) for person in report["agents"]] == [(PRIYA, None), (None, None)]
        assert [summary[key] for key in ("agents", "kept", "gone", "not_revoked")] == [None] * 4


def test_without_names_the_tokens_are_revoked_and_the_report_states_what_is_missing(run):
    outcome = run(account({"GET agents/6": [Reply(403)]}), agent_emails=[])
    report = outcome["report"]
    assert (outcome["failed"], results(report), report["complete"]) == (False, {2: "revoked"}, True)
    assert (report["unknown_agent_ids"], report["agents"][0]["display_name"]) == (None, None)
    assert outcome["warnings"] == report["warnings"]
    assert "agents could not be read" in report["warnings"][0]


@pytest.mark.parametrize("number", [signal.SIGALRM, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_an_interrupted_run_writes_its_report(number, run, tmp_path):
    """It has what the journal has. After a timeout of the task, there is also a result."""
    chat = account()
    chat.tokens.update({100 + count: token(100 + count, agent_id=JONAS) for count in range(40)})

    def interrupt(line):
        if line.startswith("DELETE") and not chat.deleted:
            os.kill(os.getpid(), number)
            while not chat.interruption.happened:
                pass

    chat.before = interrupt
    try:
        outcome = run(chat, report_dir=str(tmp_path), report_formats="json", timeout=5)
        assert "not. The task timed out after 5 s." in outcome["msg"]
    except SystemExit:
        assert number != signal.SIGALRM
    else:
        assert number == signal.SIGALRM
    (path,), (journal,) = tmp_path.glob("*.json"), tmp_path.glob("*.jsonl")
    report = json.loads(path.read_text("utf-8"))
    lines = list(map(json.loads, journal.read_text("utf-8").splitlines()))
    assert {line["token"] for line in lines if line["event"] == "revoked"} == set(chat.deleted)
    revoked = {name for name, result in results(report).items() if result == "revoked"}
    assert 0 < len(revoked) < 43
    assert revoked == set(chat.deleted)
    assert report["summary"]["not_revoked"] == 43 - len(revoked)
    assert (report["complete"], report["verified"]) == (False, False)


def test_the_files_do_not_contain_the_credentials(run, tmp_path):
    """Not even if the API returns them as something else."""
    chat = account(clients=[{"client_identifier": "zendesk", "name": f"x {OWN} x"}])
    for path in run(chat, report_dir=str(tmp_path))["report_files"]:
        assert OWN not in Path(path).read_text("utf-8")


def test_a_report_that_cannot_be_written_is_printed_and_fails_the_task(run, controller, monkeypatch, tmp_path):
    monkeypatch.setattr(_files, "_write", Mock(side_effect=FULL))
    outcome = run(report_dir=str(tmp_path))
    assert (outcome["failed"], outcome["changed"], outcome["report"]["complete"]) == (True, True, True)
    assert outcome["msg"].startswith(f"{DONE}. The report ")
    assert "could not be written: [Errno 28] No space left on device." in outcome["msg"]
    assert list(map(json.loads, controller.printed)) == [outcome["report"]]
    assert [path.suffix for path in tmp_path.iterdir()] == [".jsonl"]


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
def test_unknown_agents_fail_the_task_only_if_the_user_wants_it(people, failed, run):
    """The tokens of the others are revoked."""
    chat = account({f"GET agents/{OTHER}": [Reply(404, NOT_FOUND)]})
    outcome = run(chat, unknown_agents="fail", **people)
    assert (outcome["failed"], outcome["report"]["msg"], outcome["report"]["verified"]) == (failed, None, True)
    assert ("The task fails, because 'offboard_unknown_agents' is 'fail'." in outcome["msg"]) is failed
    assert {1, 3} <= {*chat.deleted}
    assert not run(**people)["failed"]
