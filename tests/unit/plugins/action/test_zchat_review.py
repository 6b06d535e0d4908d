# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The access review from its arguments to its report: each end of a run, and no change anywhere."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from unittest.mock import Mock

import pytest

from ansible_collections.zchat.admin.plugins.action import zchat_review
from ansible_collections.zchat.admin.plugins.plugin_utils import _files, _origin
from ansible_collections.zchat.admin.plugins.plugin_utils._arguments import PREFIX
from ansible_collections.zchat.admin.tests.unit.support.actions import Controller
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import OWN, MockChat, Reply, agent, api_client, token

HEADLINE = "3 tokens of 2 people, 2 need a decision"


def account(script=None):
    dates = {"create_date": "2026-11-01T00:00:00Z", "expire_date": "2026-12-05T00:00:00Z"}
    tokens = [token(1, access_token=OWN, create_date="2026-11-20T00:00:00Z", expire_date="2027-11-20T00:00:00Z")]
    tokens += [token(2, agent_id=5), token(3, agent_id=5, **dates)]
    agents = [agent(5, "ada@example.com", last_login="2026-11-29T00:00:00Z"), agent(10000026, "own@example.com")]
    return MockChat(tokens, agents=agents, script=script)


@pytest.fixture(name="run")
def _run(monkeypatch, tmp_path):
    for module in (zchat_review, _origin):
        monkeypatch.setattr(module, "utc_now", lambda: "2026-11-30T12:00:00Z")
    controller = Controller(monkeypatch, zchat_review.ActionModule)

    def run(chat=None, **args):
        chat = chat or account()
        outcome = controller(chat, {PREFIX: "review_"}, report_dir=str(tmp_path), **args)
        assert (outcome["changed"], chat.deleted) == (False, [])
        return {**outcome, "printed": controller.printed}

    return run


@pytest.mark.parametrize("check_mode", [True, False])
def test_the_document_and_three_files(run, check_mode):
    outcome = run(check_mode=check_mode)
    assert (outcome["failed"], outcome["msg"], outcome["report"]["complete"]) == (False, HEADLINE, True)
    json_file, page, spreadsheet = map(Path, outcome["report_files"])
    assert (json_file.name, page.suffix) == ("review-acme.zendesk.com-20261130T120000Z.json", ".html")
    assert json.loads(json_file.read_text("utf-8")) == outcome["report"]
    assert f"<title>{HEADLINE}" in page.read_text("utf-8")
    with spreadsheet.open(encoding="utf-8-sig", newline="") as file:
        assert sorted(row["token_id"] for row in csv.DictReader(file)) == ["1", "2", "3"]


def test_the_formats_and_thresholds_are_those_of_the_task(run):
    outcome = run(report_formats="csv", old_after="10000d", expires_within="1d", inactive_after="1d")
    assert [Path(name).suffix for name in outcome["report_files"]] == [".csv"]
    findings = outcome["report"]["summary"]["findings"]
    assert (findings["old"], findings["expires_soon"], findings["owner_inactive"]) == (0, 0, 2)


def test_the_api_clients_and_their_creators_are_read_once(run):
    """Also those without a token, whose creator need not have one."""
    creators = {"zendesk": None, "crm": 6, "test": 7, "automation": 10000026}
    chat = account()
    chat.agents.append(agent(6, "grace@example.com", enabled=False))
    chat.clients = [
        api_client(number, name, name, agent_id=by) for number, (name, by) in enumerate(creators.items(), 1)
    ]
    outcome = run(chat)
    clients = {row["client_identifier"]: (row["tokens"], row["findings"]) for row in outcome["report"]["clients"]}
    disabled, missing = (0, ["creator_disabled", "no_tokens"]), (0, ["creator_missing", "no_tokens"])
    assert clients == {"zendesk": (3, []), "crm": disabled, "test": missing, "automation": (0, ["no_tokens"])}
    assert (outcome["msg"], outcome["failed"]) == (f"{HEADLINE}; 3 API clients need a decision", False)
    assert chat.lines.count("GET oauth/clients") == 1
    assert "a8f3" not in str(outcome)


def test_api_clients_that_cannot_be_read_leave_the_review_complete(run):
    outcome = run(account({"GET oauth/clients": [Reply(403)]}))
    assert (outcome["msg"], outcome["report"]["complete"], outcome["report"]["clients"]) == (HEADLINE, True, None)
    assert "The API clients could not be read." in outcome["warnings"][0]


def test_a_failed_run_is_reported_and_fails_the_task(run):
    outcome = run(account({"GET oauth/tokens": [Reply(401, {"error": "No"})]}))
    assert (outcome["failed"], outcome["status"], outcome["report"]["complete"]) == (True, 401, False)
    assert outcome["msg"].startswith("NOT COMPLETE: the tokens were not listed. The API at https://acme")
    assert [Path(name).suffix for name in outcome["report_files"]] == [".json", ".html"]


def test_an_incomplete_review_is_not_a_failure(run):
    outcome = run(account({"GET agents/5": [Reply(403)]}))
    assert (outcome["failed"], outcome["report"]["complete"]) == (False, False)
    assert outcome["msg"].startswith("NOT COMPLETE: 3 tokens of 2 people")
    assert outcome["msg"].endswith(outcome["report"]["warnings"][0])
    assert "The agents could not be read." in outcome["report"]["warnings"][0]


def test_a_report_that_cannot_be_written_is_printed_and_fails_the_task(run, monkeypatch, tmp_path):
    monkeypatch.setattr(_files, "_write", Mock(side_effect=OSError(28, "No space left on device")))
    outcome = run()
    assert outcome["failed"]
    assert outcome["msg"].startswith(f"{HEADLINE}. The report ")
    assert list(map(json.loads, outcome["printed"])) == [outcome["report"]]
    assert list(tmp_path.iterdir()) == []
