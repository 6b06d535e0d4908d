# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The offboarding from its arguments to its report, each end of a run included."""

from __future__ import annotations

import json
import os
import signal
from contextlib import nullcontext
from pathlib import Path
from unittest.mock import Mock, patch

import pytest

from ansible_collections.zchat.admin.plugins.action import zchat_offboard
from ansible_collections.zchat.admin.plugins.module_utils._revoking.outcomes import Outcomes
from ansible_collections.zchat.admin.plugins.module_utils._revoking.own_token import Listed
from ansible_collections.zchat.admin.plugins.module_utils._revoking.results import token_outcomes
from ansible_collections.zchat.admin.plugins.plugin_utils import _files
from ansible_collections.zchat.admin.plugins.plugin_utils._arguments import PREFIX
from ansible_collections.zchat.admin.plugins.plugin_utils._documents import result_of
from ansible_collections.zchat.admin.tests.unit.support.actions import Controller
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import (
    NOT_FOUND,
    OWN,
    MockChat,
    Reply,
    agent,
    api_client,
    only,
    token,
)

JONAS, PRIYA, OTHER = 5, 6, 7
DONE = "3 tokens of 2 people revoked, and none is left; 1 person can still sign in"
GONE = [Reply(404, NOT_FOUND)]
NOTHING = {"revoked": 0, "would_be_revoked": 0}


def account(script=None, **more):
    tokens = [token(1, agent_id=JONAS), token(2, agent_id=PRIYA), token(3, agent_id=JONAS), token(4, agent_id=OTHER)]
    people = [agent(JONAS, "jonas@example.com"), agent(PRIYA, "priya@example.com", enabled=False)]
    own = token(9, agent_id=10000026, access_token=OWN)
    return MockChat([*tokens, own], agents=[*people, agent(10000026, "own@example.com")], script=script, **more)


@pytest.fixture(name="controller")
def _controller(monkeypatch):
    return Controller(monkeypatch, zchat_offboard.ActionModule)


@pytest.fixture(name="run")
def _run(controller):
    """Run the task of the role for two people."""

    def run(chat=None, **args):
        people = {"agent_emails": "jonas@example.com", "agent_ids": [PRIYA]}
        return controller(chat or account(), {PREFIX: "offboard_"}, **{**people, **args})

    return run


def results(report):
    return {row["id"]: row["result"] for person in report["agents"] for row in person["tokens"] or ()}


@pytest.mark.parametrize("option", ["own_token", "max_revocations", "agent_ids", "report_formats"])
def test_a_secret_in_another_option_is_not_shown(option, run, monkeypatch):
    """For example, of a variable that was confused with another one."""
    for secret in (OWN, "environment-secret-0123456789"):
        monkeypatch.setenv("ZCHAT_ACCESS_TOKEN", "environment-secret-0123456789")
        outcome = run(**{option: secret})
        assert outcome["failed"]
        assert secret[:12] not in str(outcome)


def test_a_value_of_another_token_is_shown_nowhere(run, controller, tmp_path):
    """The value of token 4, which is not selected, is in a name, an address, a scope, an identifier and a response."""
    value = "access00000004"
    script = {"DELETE oauth/tokens/2": [Reply(422, {"error": f"No {value}"}, applied=False)]}
    chat = account(script, clients=[{"client_identifier": f"x {value}", "name": f"CRM {value}", "company": value}])
    chat.tokens[1].update(client_identifier=f"x {value}", scopes=f"read {value}")
    chat.agents[0].update(display_name=f"Jonas {value}", last_name=value)
    result = run(chat, report_dir=str(tmp_path))
    assert results(result["report"]) == {1: "revoked", 2: "not revoked", 3: "revoked"}
    shown = [str(result), str(chat.logged), str(controller.printed), *(path.read_text() for path in tmp_path.iterdir())]
    assert len(shown) == 6
    assert not [text for text in shown if value in text]
    assert "Jonas ********" in shown[0]


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


def test_the_api_clients_are_read_once_and_change_neither_the_verdict_nor_the_account(run):
    """They are those that a person created, whatever tokens they have. The creator of one was deleted and has no token."""
    creators = {1: JONAS, 2: OTHER, 3: None, 4: 77, 5: 10000026}
    chat = account(clients=[api_client(number, "CRM", f"crm-{number}", agent_id=by) for number, by in creators.items()])
    for check_mode, verdict in ((True, "DRY RUN: 3 tokens of 2 people would be revoked"), (False, DONE[:46])):
        outcome = run(chat, check_mode=check_mode, agent_ids=[PRIYA, 77], unknown_agents="fail")
        report = outcome["report"]
        ids = {person["id"]: [row["id"] for row in person["clients"]] for person in report["agents"]}
        assert ids == {JONAS: [1], PRIYA: [], 77: [4]}
        assert outcome["msg"].startswith(verdict)
        assert outcome["msg"].endswith("; 1 person can still sign in; 2 API clients created by 2 people still exist")
        assert (outcome["failed"], report["complete"], report["unknown_agent_ids"]) == (False, not check_mode, [77])
    assert (chat.lines.count("GET oauth/clients"), chat.deleted_clients) == (2, [])
    assert "a8f3" not in str(outcome)


@pytest.mark.parametrize("prefix", ["", "offboard_"])
def test_if_nobody_is_given_there_is_no_request_and_no_file(prefix, controller, tmp_path):
    chat = account()
    outcome = controller(chat, {PREFIX: prefix}, agent_ids=[], report_dir=str(tmp_path), subdomain=...)
    assert (chat.requests, os.listdir(tmp_path)) == ([], [])
    report = outcome["report"]
    assert (outcome["failed"], report["complete"], report["agents"], report["listed"]) == (False, True, [], None)
    assert {*report["summary"].values()} == {0}
    assert f"'{prefix}agent_emails' and '{prefix}agent_ids' are not set" in outcome["msg"]


# The outcome of one DELETE is unknown, and the list after it cannot be read.
LOST = {"DELETE oauth/tokens/1": [Reply(None)], "GET oauth/tokens": [None, Reply(503)]}
PARTLY = {"DELETE oauth/tokens/1": [Reply(422, applied=False)], "DELETE oauth/tokens/3": GONE}


@pytest.mark.parametrize(
    ("script", "expected", "part"),
    [
        (PARTLY, ["not revoked", "revoked", "gone"], "HTTP 422"),
        (LOST, ["unknown", "revoked", "revoked"], ""),
        ({"GET oauth/tokens": [Reply(503)]}, [], "HTTP 503"),
        ({"GET agents/email/jonas%40example.com": [Reply(401)]}, [], "HTTP 401"),
    ],
)
def test_a_failed_revocation_fails_the_task_after_the_report(script, expected, part, run, tmp_path):
    """Without a list, everything is null except the given people, and that nothing was revoked."""
    outcome = run(account(script), report_dir=str(tmp_path))
    report, revoked = outcome["report"], expected.count("revoked")
    assert (outcome["failed"], outcome["changed"], report["complete"]) == (True, revoked > 0, False)
    assert results(report) == dict(enumerate(expected, 1))
    assert outcome["msg"] == f"{report['headline']}. {report['msg']}"
    assert part in report["msg"]
    assert len(outcome["report_files"]) == 2 + outcome["changed"]
    if not expected:
        assert [report[key] for key in ("listed", "unknown_agent_emails", "unknown_agent_ids")] == [None] * 3
        assert [(person["id"], person["tokens"]) for person in report["agents"]] == [(PRIYA, None), (None, None)]
        assert {key: count for key, count in report["summary"].items() if count is not None} == NOTHING


@pytest.mark.parametrize("most", [0, 2])
def test_a_guard_of_the_role_names_its_variable(most, run):
    outcome = run(max_revocations=most)
    assert (outcome["failed"], {*results(outcome["report"]).values()}) == (True, {"not revoked"})
    assert f"'offboard_max_revocations' is {most}." in outcome["msg"]


def test_without_names_the_tokens_are_revoked_and_the_report_states_what_is_missing(run):
    outcome = run(account({"GET agents/6": [Reply(403)]}), agent_emails=[])
    report = outcome["report"]
    assert (outcome["failed"], results(report), report["complete"]) == (False, {2: "revoked"}, True)
    assert report["agents"][0]["display_name"] is report["unknown_agent_ids"] is report["summary"]["agents"] is None
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
    with pytest.raises(SystemExit) if number != signal.SIGALRM else nullcontext():
        outcome = run(chat, report_dir=str(tmp_path), report_formats="json", timeout=5)
        assert "; it is unknown whether 2 people can still sign in. The task timed out after 5 s." in outcome["msg"]
    (path,), (journal,) = tmp_path.glob("*.json"), tmp_path.glob("*.jsonl")
    report = json.loads(path.read_text("utf-8"))
    lines = list(map(json.loads, journal.read_text("utf-8").splitlines()))
    revoked = {name for name, result in results(report).items() if result == "revoked"}
    assert revoked == {*chat.deleted} == {line["token"] for line in lines if line["event"] == "revoked"}
    assert 0 < len(revoked) == 43 - report["summary"]["not_revoked"] < 43
    assert (report["complete"], report["verified"]) == (False, False)


def test_the_files_do_not_contain_the_credentials(run, tmp_path):
    """Not even if the API returns them as something else."""
    chat = account(clients=[{"client_identifier": "zendesk", "name": f"x {OWN} x"}])
    for path in run(chat, report_dir=str(tmp_path))["report_files"]:
        assert OWN not in Path(path).read_text("utf-8")


def test_with_no_log_nothing_is_logged_or_printed(run, controller, monkeypatch, tmp_path):
    run(no_log=True, report_dir=str(tmp_path))
    assert (controller.logged, controller.printed) == ([], [])
    run()
    assert len(controller.logged) >= 3
    monkeypatch.setattr(_files, "_write", Mock(side_effect=OSError(28, "No space left on device")))
    run(no_log=True, report_dir=str(tmp_path))
    assert controller.printed == ["The content is not shown because of 'no_log'."]


def test_a_report_that_cannot_be_written_is_printed_and_fails_the_task(run, controller, monkeypatch, tmp_path):
    monkeypatch.setattr(_files, "_write", Mock(side_effect=OSError(28, "No space left on device")))
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
    chat = account({f"GET agents/{OTHER}": GONE})
    outcome = run(chat, unknown_agents="fail", **people)
    assert (outcome["failed"], outcome["report"]["msg"], outcome["report"]["verified"]) == (failed, None, True)
    assert ("The task fails, because 'offboard_unknown_agents' is 'fail'." in outcome["msg"]) is failed
    assert {1, 3} <= {*chat.deleted}
    assert not run(**people)["failed"]


def small_account(**more):
    """Only one person and the own agent have tokens."""
    own = token(9, agent_id=10000026, access_token=OWN)
    own_agent = agent(10000026, "own@example.com", enabled=False, roles={"administrator": True, "owner": False})
    people = [agent(JONAS, "jonas@example.com", enabled=False), own_agent]
    return MockChat([token(1, agent_id=JONAS), own], agents=people, **more)


UNPROVEN = "NOT COMPLETE: it is unknown whether these people have tokens; the API listed only the tokens of this run's own agent."
JONAS_ONLY = {"agent_emails": "jonas@example.com", "agent_ids": []}


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_run_that_saw_only_own_tokens_fails_after_the_report(check_mode, run, tmp_path):
    """Unless the user wants a warning."""
    chat = small_account(script={"GET oauth/tokens": [only(9)] * 2})
    outcome = run(chat, check_mode=check_mode, report_dir=str(tmp_path), **JONAS_ONLY)
    report = outcome["report"]
    assert (outcome["failed"], report["complete"], report["msg"], chat.deleted) == (True, False, None, [])
    assert result_of(report) == "not complete"
    assert outcome["msg"].startswith(f"{UNPROVEN} The API listed no token of another agent than the one")
    assert "The task fails, because 'offboard_own_only' is 'fail'." in outcome["msg"]
    assert json.loads(Path(outcome["report_files"][0]).read_text("utf-8")) == report
    outcome = run(chat, check_mode=check_mode, report_dir=str(tmp_path), own_only="warn", **JONAS_ONLY)
    assert (outcome["failed"], outcome["report"]["complete"]) == (False, False)
    found = "DRY RUN: 1 person found, no token to revoke" if check_mode else "1 person found, and none has a token left"
    assert outcome["msg"] == f"{found}; the API listed only the tokens of this run's own agent"


def test_a_mistake_in_the_lookups_for_the_report_loses_no_outcome(run):
    """With a password, the own agent is looked up only for the report."""
    chat = account(own=None)

    def fail(line):
        if line == "GET agents/me" and sorted(chat.deleted) == [1, 2, 3]:
            raise RuntimeError(OWN)

    chat.before = fail
    outcome = run(chat, access_token=..., email="own@example.com", password="pass word")
    assert results(outcome["report"]) == {1: "revoked", 2: "revoked", 3: "revoked"}
    assert (outcome["changed"], outcome["failed"]) == (True, True)


def test_the_selected_tokens_are_revoked_before_such_a_run_fails(run):
    """The own agent leaves, too."""
    chat = small_account(script={"GET oauth/tokens": [only(9, 10)]})
    chat.tokens[10] = token(10, agent_id=10000026)
    outcome = run(chat, agent_emails="jonas@example.com", agent_ids=[10000026], own_token="revoke")
    assert (outcome["failed"], chat.deleted) == (True, [10, 1, 9])


@pytest.mark.parametrize("own_token", ["keep", "revoke"])
def test_the_own_agent_alone_does_not_fail_such_a_run(own_token, run):
    """Its tokens are listed, also if none is left."""
    chat = small_account(script={"GET oauth/tokens": [only(9)] * 3})
    outcome = run(chat, agent_emails=[], agent_ids=[10000026], own_token=own_token)
    assert (outcome["failed"], outcome["report"]["complete"]) == (False, False)
    assert outcome["msg"].startswith("1 token of 1 person revoked" if own_token == "revoke" else "NOT COMPLETE: 0 of 1")
    password = MockChat(agents=[agent(10000026, "own@example.com")], own=None)
    given = {"access_token": ..., "email": "own@example.com", "password": "pass word"}
    outcome = run(password, agent_emails="own@example.com", agent_ids=[], **given)
    assert (outcome["failed"], outcome["report"]["listed"]["own_only"]) == (False, True)


def test_it_is_unknown_who_the_own_agent_is(run):
    """Then it is not one of these people, even if that is the only agent with a token."""
    chat = MockChat(
        [token(1, agent_id=JONAS)], agents=[agent(JONAS, None)], own=None, script={"GET agents/me": [Reply(403)] * 4}
    )
    given = {"access_token": ..., "email": "own@example.com", "password": "pass word"}
    outcome = run(chat, agent_emails=[], agent_ids=[JONAS], **given)
    assert (outcome["failed"], outcome["report"]["listed"]["own_only"], chat.deleted) == (True, None, [1])
    assert outcome["msg"].startswith(
        "NOT COMPLETE: 1 token revoked, and it is unknown whether these people have other tokens"
    )


def test_an_earlier_report_makes_a_second_run_in_a_small_account_done(run, tmp_path):
    """Also that of a dry run. A report of another folder or account does not."""
    chat = small_account()
    assert run(chat, check_mode=True, report_dir=str(tmp_path), **JONAS_ONLY)["changed"]
    (first,) = tmp_path.glob("*.json")
    done = {"failed": False, "changed": True, "msg": "1 token of 1 person revoked, and none is left"}
    assert run(chat, **JONAS_ONLY).items() >= done.items()
    for check_mode in (False, True):
        outcome = run(chat, check_mode=check_mode, report_dir=str(tmp_path), **JONAS_ONLY)
        report = outcome["report"]
        assert (outcome["failed"], report["complete"], report["listed"]["own_only"]) == (False, True, True)
        assert (outcome["warnings"], report["warnings"], report["earlier_report"]) == ([], [], first.name)
        assert outcome["msg"].endswith("none has a token left" if not check_mode else "no token to revoke")
    other = tmp_path / "other"
    other.mkdir()
    (other / first.name).write_text(first.read_text("utf-8").replace("//acme.", "//other."), "utf-8")
    for folder in (str(other), ...):
        outcome = run(chat, report_dir=folder, **JONAS_ONLY)
        assert (outcome["failed"], outcome["report"]["earlier_report"]) == (True, None)
    # The API may list less to an agent that is no Administrator any more.
    for roles in ({"administrator": False, "owner": False}, None):
        chat.agents[1]["roles"] = roles
        outcome = run(chat, report_dir=str(tmp_path), **JONAS_ONLY)
        assert (outcome["failed"], outcome["report"]["earlier_report"]) == (True, None)


def test_a_problem_with_earlier_reports_loses_no_report(run, tmp_path, monkeypatch):
    """What was revoked is recorded first of all."""

    def exhausted(*args):
        raise MemoryError

    monkeypatch.setattr(zchat_offboard, "proves_other_agents", exhausted)
    outcome = run(small_account(script={"GET oauth/tokens": [only(9)] * 2}), report_dir=str(tmp_path), **JONAS_ONLY)
    assert (outcome["failed"], outcome["report"]["earlier_report"]) == (True, None)
    assert Path(outcome["report_files"][0]).exists()


def test_an_id_whose_lookup_shows_nothing_is_neither_found_nor_unknown(run):
    """The page of a gateway does not show that the agent is gone."""
    chat = account({"GET agents/77": [Reply(404, "<html>Not found</html>")]})
    outcome = run(chat, agent_ids=[77])
    report = outcome["report"]
    assert (outcome["failed"], report["complete"], report["verified"]) == (False, False, True)
    assert outcome["msg"].endswith("; 1 agent id could not be looked up")
    assert report["agents"][-1] == {
        **dict.fromkeys(["email", "display_name", "enabled", "clients"]),
        "id": 77,
        "tokens": [],
    }
    assert (report["unknown_agent_ids"], report["summary"]["agents"]) == ([], None)


def test_a_token_that_matched_only_later_makes_the_run_incomplete_and_the_message_states_why(run):
    warning = "Token 5 did not match the selectors before the revocation, and did after it."
    result = {
        **token_outcomes(Outcomes(verified=False, warnings=[warning], listed=Listed(5, 2, False))),
        "agents": [],
        "clients": [],
    }
    with patch.object(zchat_offboard, "revoke_selected", return_value=(result, {})):
        outcome = run(agent_ids=[PRIYA], agent_emails=[])
    assert (outcome["failed"], outcome["report"]["complete"], outcome["report"]["msg"]) == (False, False, None)
    assert outcome["msg"].startswith("NOT COMPLETE: ")
    assert outcome["msg"].endswith(warning)
