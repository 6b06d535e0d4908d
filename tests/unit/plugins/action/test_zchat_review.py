# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action without its module: what it passes to the module, and what it makes of each end of it."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pytest

from ansible_collections.zchat.admin.plugins.action import zchat_review
from ansible_collections.zchat.admin.plugins.plugin_utils import _origin
from ansible_collections.zchat.admin.plugins.plugin_utils._arguments import PREFIX
from ansible_collections.zchat.admin.tests.unit.support.actions import Controller
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import OWN, MockChat, Reply, agent, token

ACCOUNT = "https://acme.zendesk.com/api/v2/chat"
NOW = "2026-11-30T12:00:00Z"
ROLE = {PREFIX: "review_"}
HEADLINE = "3 tokens of 2 people, 2 need a decision"


def account(**more):
    dates = {"create_date": "2026-11-01T00:00:00Z", "expire_date": "2026-12-05T00:00:00Z"}
    tokens = [token(1, access_token=OWN, create_date="2026-11-20T00:00:00Z", expire_date="2027-11-20T00:00:00Z")]
    tokens += [token(2, agent_id=5), token(3, agent_id=5, **dates)]
    agents = [agent(5, "ada@example.com", last_login="2026-11-29T00:00:00Z"), agent(10000026, "own@example.com")]
    return MockChat(tokens, agents=agents, **more)


@pytest.fixture(name="run")
def _run(monkeypatch, tmp_path):
    for module in (zchat_review, _origin):
        monkeypatch.setattr(module, "utc_now", lambda: NOW)
    controller = Controller(monkeypatch)

    def run(chat=None, task_vars=None, **args):
        chat = account() if chat is None else chat
        outcome = controller.run(zchat_review.ActionModule, chat, task_vars, **{"report_dir": str(tmp_path), **args})
        assert outcome.keys() >= {"changed", "failed", "msg", "report", "report_files"}
        assert (outcome["changed"], chat.deleted) == (False, [])
        return outcome

    return run


@pytest.mark.parametrize("check_mode", [True, False])
def test_the_document_and_three_files(run, check_mode):
    outcome = run(check_mode=check_mode)
    assert (outcome["failed"], outcome["msg"]) == (False, HEADLINE)
    assert outcome["report"]["complete"]
    files = [Path(name) for name in outcome["report_files"]]
    assert [file.suffix for file in files] == [".json", ".html", ".csv"]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert files[0].name.startswith("review-acme.zendesk.com-20")
    assert json.loads(files[0].read_text("utf-8")) == outcome["report"]
    assert f"<title>{HEADLINE}" in files[1].read_text("utf-8")
    with files[2].open(encoding="utf-8", newline="") as file:
        assert sorted(row["token_id"] for row in csv.DictReader(file)) == ["1", "2", "3"]


def test_the_formats_and_thresholds_are_those_of_the_task(run):
    outcome = run(report_formats="csv", old_after="10000d", expires_within="1d", inactive_after="1d")
    assert [Path(name).suffix for name in outcome["report_files"]] == [".csv"]
    findings = outcome["report"]["summary"]["findings"]
    assert (findings["old"], findings["expires_soon"], findings["owner_inactive"]) == (0, 0, 2)


@pytest.mark.parametrize(
    ("args", "task_vars", "part"),
    [
        ({"report_dir": ...}, {}, "review_report_dir"),
        ({"report_dir": "/dev/null/reports"}, {}, "'review_report_dir' cannot be written to"),
        ({"report_formats": "pdf"}, {}, "review_report_formats"),
        ({"old_after": "180"}, {}, "'review_old_after' must be an integer greater than 0 with a unit"),
        ({"inactive_after": "None"}, {"review_inactive_after": None}, "'review_inactive_after' is null"),
        ({"agent_ids": [1]}, {}, "agent_ids"),
        ({}, {"review_account": "x"}, "'review_account' (use 'review_accounts')"),
    ],
)
def test_what_is_rejected_before_any_request(run, args, task_vars, part):
    chat = account()
    outcome = run(chat, {**ROLE, **task_vars}, **args)
    assert (chat.requests, outcome["failed"]) == ([], True)
    assert part in outcome["msg"]
    assert (outcome["report"]["complete"], outcome["report"]["agents"]) == (False, None)


def test_a_failed_run_is_reported_and_fails_the_task(run):
    outcome = run(account(script={"GET oauth/tokens": [Reply(401, {"error": "No"})]}))
    assert (outcome["failed"], outcome["status"]) == (True, 401)
    assert outcome["msg"].startswith("NOT COMPLETE: the tokens were not listed. The API at https://acme")
    assert (outcome["report"]["complete"], outcome["report"]["account"]) == (False, ACCOUNT)
    assert len(outcome["report_files"]) == 3


def test_an_incomplete_review_is_not_a_failure(run):
    outcome = run(account(script={"GET agents/5": [Reply(403)]}))
    assert (outcome["failed"], outcome["report"]["complete"]) == (False, False)
    assert outcome["msg"].startswith("NOT COMPLETE: 3 tokens of 2 people")
    assert "The agents could not be read." in outcome["report"]["warnings"][0]


def test_a_report_that_cannot_be_written_fails_the_task(run, tmp_path):
    folder = tmp_path / "reports"

    def remove(line):
        for file in os.listdir(folder) if folder.exists() else ():
            (folder / file).unlink()
        if folder.exists():
            folder.rmdir()

    chat = account()
    chat.before = remove
    outcome = run(chat, report_dir=str(folder))
    assert outcome["failed"]
    assert outcome["msg"].startswith(f"{HEADLINE}. The report ")
    assert outcome["report"]["summary"]["tokens"] == 3
