# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.modules import zchat_oauth_token, zchat_oauth_token_info
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import (
    OWN,
    MockChat,
    Reply,
    agent,
    first,
    nothing,
    task,
    token,
    without,
)

ME, JONAS, PRIYA, DELETED, ODD = 1, 2, 3, 4, 5
"""The own agent, an enabled one, a disabled one, a deleted one, and one without ``enabled``."""
AGENTS = [
    agent(ME, "me@example.com"),
    agent(JONAS, "jonas@example.com"),
    agent(PRIYA, "priya@example.com", enabled=0),
    agent(ODD, "odd@example.com", enabled=None),
]
TOKENS = [
    token(10, agent_id=ME, access_token=OWN, client_identifier="automation"),
    token(20, agent_id=JONAS),
    token(21, agent_id=JONAS, client_identifier="crm"),
    token(30, agent_id=PRIYA),
    token(40, agent_id=DELETED),
    token(50, agent_id=ODD),
    token(60, agent_id=None),
]
AGENTS_PAGE = "GET agents?since_id=1&limit=100"


def chat(**options):
    return MockChat(TOKENS, agents=AGENTS, **options)


def info(client, **options):
    return zchat_oauth_token_info.run(task(client, zchat_oauth_token_info.SPEC, options))


def revoke(client, check_mode=False, **options):
    spec = zchat_oauth_token.SPEC
    return zchat_oauth_token.run(task(client, spec, {"state": "absent", **options}, check_mode))


def ids(entries):
    return [entry["id"] for entry in entries]


@pytest.mark.parametrize(
    ("states", "selected"),
    [
        (["enabled"], [10, 20, 21]),
        (["disabled"], [30]),
        (["missing"], [40]),
        (["disabled", "missing"], [30, 40]),
        ([], []),
    ],
)
def test_agent_status(states, selected):
    assert ids(info(chat(), agent_status=states)["tokens"]) == selected


def test_agent_status_warns_about_agents_without_a_state_and_tokens_without_an_agent():
    warnings = " ".join(info(chat(), agent_status=["missing"])["warnings"])
    assert "whether agent 5 is enabled" in warnings
    assert "Token 60 has no agent_id" in warnings
    assert "no agent_id" not in " ".join(info(chat(), agent_status=["enabled"])["warnings"])


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        (AGENTS_PAGE, Reply(500)),
        (AGENTS_PAGE, Reply(403)),
        (AGENTS_PAGE, Reply(404)),
        (AGENTS_PAGE, Reply(None)),
        (AGENTS_PAGE, Reply(200, b"<html>")),
        (AGENTS_PAGE, Reply(200, {"agents": []})),
        (AGENTS_PAGE, nothing),
        (AGENTS_PAGE, without(ME)),
        ("GET agents/me", Reply(403)),
        ("GET agents/me", Reply(None)),
        ("GET agents/4", Reply(500)),
        ("GET agents/4", Reply(403)),
        ("GET agents/4", Reply(None)),
        ("GET agents/4", Reply(200, agent(9, "other@example.com"))),
        ("GET agents/4", Reply(200, b"null")),
        ("GET agents/me", Reply(200, agent(9, "other@example.com"))),
    ],
)
def test_agent_status_fails_closed(line, reply):
    client = chat(script={line: [reply] * 9})
    with pytest.raises(ChatError):
        revoke(client, agent_status=["missing"], client_identifiers=["zendesk"])
    assert client.deleted == []


def test_a_later_round_reads_the_states_again_and_revokes_only_tokens_that_were_not_listed_before():
    late = {**token(70, agent_id=JONAS)}
    client = chat(script={"GET oauth/tokens": [without(70)]})
    client.tokens[70] = late
    client.agents = [dict(entry) for entry in client.agents]
    # The agent is disabled during the run: its old tokens were not approved.
    client.before = lambda line: client.agents[1].update(enabled=0) if line.startswith("DELETE") else None
    result = revoke(client, agent_status=["disabled"])
    assert ids(result["revoked"]) == [30, 70]


def test_states_that_cannot_be_read_again_leave_the_result_unverified():
    client = chat(script={AGENTS_PAGE: [None, Reply(500)]})
    result = revoke(client, agent_status=["disabled"])
    assert (ids(result["revoked"]), result["failed"], result["verified"]) == ([30], True, False)


def test_all_with_a_protect_list():
    client = chat()
    exclude = {
        "client_identifiers": ["automation"],
        "agent_emails": ["JONAS@example.com"],
        "ids": [60],
        "agent_ids": [DELETED],
    }
    result = revoke(client, all=True, exclude=exclude)
    assert sorted(client.deleted) == [30, 50]
    assert ids(result["kept"]) == [10, 20, 21, 40, 60]
    assert {entry["reason"] for entry in result["kept"]} == {"excluded"}
    assert result["verified"]


def test_an_excluded_own_token_does_not_trigger_the_guard_and_does_not_count():
    client = chat()
    result = revoke(client, agent_ids=[ME, PRIYA], exclude={"ids": [10]}, max_revocations=1)
    assert (client.deleted, ids(result["kept"])) == ([30], [10])


def test_a_wrongly_spelled_protect_list_stops_the_task():
    for exclude in ({"agent_emails": ["jonsa@example.com"]}, {"agent_ids": [999]}):
        client = chat()
        with pytest.raises(ChatError, match="would protect nothing"):
            revoke(client, all=True, exclude=exclude)
        assert client.deleted == []
    warnings = " ".join(revoke(chat(), True, ids=[20], exclude={"ids": [7], "client_identifiers": ["no"]})["warnings"])
    assert "id 7 in 'exclude'" in warnings
    assert "client_identifier no in 'exclude'" in warnings


@pytest.mark.parametrize(
    ("exclude", "line"),
    [({"agent_emails": ["jonas@example.com"]}, AGENTS_PAGE), ({"agent_ids": [999]}, "GET agents/999")],
)
def test_a_protect_list_whose_agents_cannot_be_read_stops_the_task(exclude, line):
    client = chat(script={line: [Reply(500)] * 9})
    with pytest.raises(ChatError, match="HTTP 500"):
        revoke(client, all=True, own_token="keep", exclude=exclude)
    assert client.deleted == []


def test_all_agents_with_an_excluded_address_are_protected():
    twin = agent(6, "PRIYA@example.com")
    client = MockChat([*TOKENS, token(61, agent_id=6)], agents=[*AGENTS, twin])
    result = revoke(client, True, agent_ids=[PRIYA, 6], exclude={"agent_emails": ["priya@example.com"]})
    assert ids(result["kept"]) == [30, 61]


def test_an_excluded_identifier_with_white_space_protects_both_spellings():
    client = MockChat(
        [token(1, access_token=OWN), token(2, client_identifier="crm "), token(3, client_identifier="crm")]
    )
    result = revoke(client, ids=[2, 3], exclude={"client_identifiers": ["crm "]})
    assert ids(result["kept"]) == [2, 3]


def test_exclude_alone_lists_all_other_tokens():
    assert ids(info(chat(), exclude={"agent_ids": [JONAS]})["tokens"]) == [10, 30, 40, 50, 60]


FAULTS = st.lists(
    st.sampled_from(
        [None, Reply(500), Reply(404), Reply(403), Reply(None), Reply(200, b"[]"), nothing, first(1), without(ME)]
    ),
    max_size=3,
)
LINES = (AGENTS_PAGE, "GET agents/me", "GET agents/4", "GET agents/3", "GET agents/5", "GET oauth/clients")
SELECTIONS: Any = st.fixed_dictionaries(
    {"agent_status": st.lists(st.sampled_from(["disabled", "missing"]), min_size=1, unique=True)},
    optional={
        "exclude": st.sampled_from([{"ids": [40]}, {"agent_emails": ["priya@example.com"]}]),
        "names": st.booleans(),
    },
)
TRUE_STATES = {ME: "enabled", JONAS: "enabled", PRIYA: "disabled", DELETED: "missing"}


NEW_SELECTORS: Any = st.one_of(
    st.fixed_dictionaries({"all": st.just(True)}),
    st.fixed_dictionaries(
        {"agent_status": st.lists(st.sampled_from(["enabled", "disabled", "missing"]), unique=True)},
        optional={"expires_within": st.sampled_from(["1d", "99999w"]), "scopes": st.just(["write"])},
    ),
    st.fixed_dictionaries({"expires_within": st.sampled_from(["1d", "99999w"])}),
)
EXCLUDES: Any = st.fixed_dictionaries(
    {"ids": st.just([10])},
    optional={
        "agent_ids": st.just([JONAS]),
        "agent_emails": st.just(["priya@example.com"]),
        "client_identifiers": st.just(["crm"]),
    },
)


@settings(max_examples=100)
@given(NEW_SELECTORS, EXCLUDES, st.sampled_from([None, "2999-09-09T17:49:20Z"]))
def test_check_mode_and_the_run_agree_token_by_token(options, exclude, expire_date):
    tokens = [{**entry, "expire_date": expire_date} for entry in TOKENS]
    dry_run, client = MockChat(tokens, agents=AGENTS), MockChat(tokens, agents=AGENTS)
    predicted = revoke(dry_run, True, **options, exclude=exclude)
    result = revoke(client, **options, exclude=exclude)
    assert dry_run.deleted == []
    for key in ("revoked", "kept", "gone", "not_revoked", "diff", "changed"):
        assert predicted[key] == result[key]
    assert sorted(client.deleted) == ids(result["revoked"])


@settings(max_examples=150)
@given(SELECTIONS, st.fixed_dictionaries(dict.fromkeys(LINES, FAULTS)))
def test_no_fault_of_the_lookups_widens_a_selection(options, faults):
    """Judged by what the account really contains. ``GET agents/3`` and the like are false only if the API returns a false 404."""
    faults = {
        line: [each for each in replies if not (callable(each) and "?" not in line)] for line, replies in faults.items()
    }
    client = chat(script=faults)
    try:
        result = revoke(client, **options)
    except ChatError:
        assert client.deleted == []
        return
    # A list that lacks an agent, and a 404 for exactly this agent, are consistent and false: the only exception.
    false_404 = {
        int(request.line.rpartition("/")[2])
        for request in client.requests
        if request.line.startswith("GET agents/") and request.line[-1].isdigit() and request.status == 404
    }
    protected = {40} if "ids" in options.get("exclude", {}) else {30} if "exclude" in options else set()
    for number in client.deleted:
        owner = next(entry["agent_id"] for entry in TOKENS if entry["id"] == number)
        states = {TRUE_STATES.get(owner), "missing" if owner in false_404 else None}
        assert states & set(options["agent_status"])
        assert number not in protected
    assert not set(ids(result["revoked"])) & client.tokens.keys()
