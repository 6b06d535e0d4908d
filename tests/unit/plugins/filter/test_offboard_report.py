# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.zchat.admin.plugins.filter.offboard_report import (
    FilterModule,
    collection_version,
    offboard_report,
)
from ansible_collections.zchat.admin.tests.unit.support.offboarding import (
    ACCOUNT,
    JONAS,
    LISTED,
    PEOPLE,
    PRIYA,
    REVOKED,
    TOKENS,
    report,
    token,
)


def results(document):
    return {item["id"]: (item["result"], item["reason"]) for agent in document["agents"] for item in agent["tokens"]}


def test_the_report_of_a_real_run():
    document = report()
    assert list(document) == [
        "schema",
        "account",
        "dry_run",
        "started",
        "finished",
        "ansible_user",
        "collection_version",
        "listed",
        "verified",
        "msg",
        "agents",
        "unknown_agent_emails",
        "unknown_agent_ids",
        "summary",
    ]
    assert (document["schema"], document["account"], document["listed"]) == (1, ACCOUNT, LISTED)
    assert (document["dry_run"], document["verified"], document["msg"]) == (False, True, None)
    assert [agent["id"] for agent in document["agents"]] == [PRIYA, JONAS]
    assert document["agents"][0]["tokens"] == [
        {
            "id": 143,
            "client_identifier": "zendesk",
            "scopes": "read write",
            "create_date": "2014-09-09T07:49:20Z",
            "expire_date": "2014-09-09T17:49:20Z",
            "result": "revoked",
            "reason": None,
        }
    ]
    assert document["summary"] == {
        "agents": 2,
        "revoked": 3,
        "would_be_revoked": 0,
        "kept": 0,
        "not_revoked": 0,
        "already_absent": 0,
    }
    assert json.loads(json.dumps(document)) == document


def test_a_dry_run_differs_in_its_words_only():
    document = report(dry_run=True, verified=False)
    assert set(results(document).values()) == {("would be revoked", None)}
    assert document["summary"]["would_be_revoked"] == 3


def test_each_token_has_what_became_of_it():
    document = report(
        revoked=[token(38), token(99)],
        kept=[token(1204)],
        already_absent=[143, 100],
        not_revoked=[{"id": 101, "status": 422, "msg": "No."}],
        verified=False,
        failed=True,
        msg="Not all.",
    )
    assert results(document) == {
        38: ("revoked", None),
        99: ("revoked", None),
        100: ("already absent", None),
        101: ("not revoked", "No."),
        143: ("already absent", None),
        1204: ("kept", "This run authenticates with it."),
    }
    assert document["msg"] == "Not all."
    # Nobody can say whose the tokens are that no list showed.
    assert [(agent["id"], len(agent["tokens"])) for agent in document["agents"]] == [(PRIYA, 1), (JONAS, 3), (None, 2)]
    unknown = document["agents"][2]["tokens"][0]
    assert unknown["client_identifier"] is unknown["create_date"] is None


def test_a_token_that_no_list_showed_is_the_only_leaver_s():
    people = {**PEOPLE, "agents": PEOPLE["agents"][1:]}
    tokens = {**TOKENS, "tokens": [token(38)]}
    document = report(people, tokens, revoked=[], not_revoked=[{"id": 101, "status": None, "msg": "No."}], failed=True)
    assert [(agent["id"], len(agent["tokens"])) for agent in document["agents"]] == [(JONAS, 2)]


@pytest.mark.parametrize(
    ("revocation", "told"),
    [
        ({**REVOKED, "revoked": []}, ("already absent", None)),
        ({"failed": True, "msg": "Refused."}, ("not revoked", "Refused.")),
        ({}, ("not revoked", "Not attempted, since the run stopped before it.")),
        ({"skipped": True}, ("not revoked", "Not attempted, since the run stopped before it.")),
        ({"unreachable": True, "msg": "No way there."}, ("not revoked", "No way there.")),
    ],
)
def test_a_token_that_the_revocation_does_not_tell_of(revocation, told):
    document = offboard_report(revocation, PEOPLE, TOKENS, [], [], False, "", "")
    assert set(results(document).values()) == {told}


def test_a_host_that_could_not_be_reached_is_why():
    document = offboard_report({"unreachable": True, "msg": "No way there."}, PEOPLE, TOKENS, [], [], False, "", "")
    assert (document["msg"], document["summary"]["not_revoked"], document["verified"]) == ("No way there.", 3, False)


def test_a_list_that_could_not_be_read():
    failed = {"failed": True, "msg": "No list.", "account": ACCOUNT}
    document = offboard_report({}, PEOPLE, failed, [], [], False, "", "")
    assert (document["msg"], document["account"], document["listed"]) == ("No list.", ACCOUNT, None)
    assert [agent["tokens"] for agent in document["agents"]] == [[], []]


def test_people_who_could_not_be_looked_up_stand_there_as_they_were_named():
    failed = {"failed": True, "msg": "No network.", "account": None}
    document = offboard_report({}, failed, {}, ["a@example.com"], ["5"], False, "", "")
    assert [(agent["id"], agent["email"]) for agent in document["agents"]] == [(None, "a@example.com"), (5, None)]
    assert (document["account"], document["ansible_user"], document["verified"]) == (None, None, False)


def test_an_id_that_is_none_stands_there_as_it_was_given():
    document = offboard_report({}, {"failed": True, "msg": "No id."}, {}, [], ["5, 6", None], False, "", "")
    assert [(agent["id"], agent["display_name"]) for agent in document["agents"]] == [(None, "5, 6"), (None, "None")]


def test_where_nobody_was_found_nothing_is_proven():
    nobody = {**PEOPLE, "agents": [], "unknown_emails": ["x@example.com"]}
    assert report(nobody, {**TOKENS, "tokens": []}, revoked=[])["verified"] is False
    # That a deleted agent has no token left is proof.
    assert report({**nobody, "unknown_agent_ids": [5]}, {**TOKENS, "tokens": []}, revoked=[])["verified"] is True


def test_whoever_is_unknown_is_told_and_has_tokens_nevertheless():
    people = {**PEOPLE, "unknown_emails": ["x@example.com"], "unknown_agent_ids": [5, 6]}
    document = report(people, revoked=[token(7, 5)])
    assert [agent["id"] for agent in document["agents"]] == [5, PRIYA, JONAS]
    assert (document["agents"][0]["email"], document["agents"][0]["enabled"]) == (None, None)
    assert (document["unknown_agent_emails"], document["unknown_agent_ids"]) == (["x@example.com"], [5, 6])


def test_the_version_is_the_manifest_s_or_the_checkout_s(tmp_path):
    assert collection_version().count(".") >= 2
    with pytest.raises(AnsibleFilterError, match=r"install .* again"):
        collection_version(tmp_path)
    (tmp_path / "galaxy.yml").write_text("version: 1.2.3\n", encoding="utf-8")
    assert collection_version(tmp_path) == "1.2.3"
    (tmp_path / "MANIFEST.json").write_text('{"collection_info": {"version": "4.5.6"}}', encoding="utf-8")
    assert collection_version(tmp_path) == "4.5.6"


def test_ansible_finds_the_filter():
    assert FilterModule().filters() == {"offboard_report": offboard_report}
