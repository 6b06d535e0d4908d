# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Selectors that need the agents or the API clients of the account, and the protect list. All of them fail closed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.tests.unit.support.faults import false_lists_of_clients
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import (
    OWN,
    Json,
    MockChat,
    Reply,
    agent,
    api_client,
    first,
    nothing,
    token,
    without,
)
from ansible_collections.zchat.admin.tests.unit.support.revoking import (
    AGENTS_PAGE,
    CLIENT_LISTS,
    FAULTS,
    HTML,
    LISTS,
    ids,
    info,
    revoke,
    story,
    table,
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


def chat(*more: Json, **options: Any) -> MockChat:
    return MockChat([*TOKENS, *more], **{"agents": AGENTS, **options})


@pytest.mark.parametrize(
    ("options", "selected", "warnings"),
    [
        # Addresses and ids define one set of agents.
        ({"agent_emails": ["PRIYA@example.com"]}, [30], []),
        ({"agent_emails": ["priya@example.com"], "agent_ids": [JONAS]}, [20, 21, 30], []),
        ({"agent_emails": ["priya@example.com"], "agent_ids": []}, [30], []),
        ({"agent_emails": ["x@example.com"]}, [], ["No agent in Chat has the address x@example.com"]),
        # States
        ({"agent_status": ["enabled"]}, [10, 20, 21], ["The state of agent 5 is unknown"]),
        ({"agent_status": ["disabled"]}, [30], ["The state of agent 5 is unknown"]),
        ({"agent_status": ["missing"]}, [40], ["Token 60 has no agent_id", "The state of agent 5 is unknown"]),
        ({"agent_status": ["missing"], "ids": [20, 40]}, [40], []),
        ({"agent_status": []}, [], ["agent 5"]),
        # The protect list
        ({"exclude": {"agent_ids": [JONAS]}}, [10, 30, 40, 50, 60], []),
        ({"ids": [20, 30], "exclude": {"ids": [20, 50]}}, [30], []),
        ({"ids": [20, 30], "exclude": {"agent_emails": ["priya@example.com"]}}, [20], []),
        ({"agent_status": ["disabled"], "exclude": {"agent_emails": ["priya@example.com"]}}, [], ["agent 5"]),
        # Values that no listed token has
        ({"ids": [20, 99], "agent_ids": [JONAS, 7, 8]}, [20], ["No token is listed for agent 7, 8."]),
        ({"client_identifiers": ["CRM", "crm"]}, [21], ["No token is listed for client CRM."]),
        ({"ids": [20], "exclude": {"ids": [7, 10]}}, [20], ["No listed token has the id 7 in 'exclude'"]),
        (
            {"ids": [20], "exclude": {"client_identifiers": ["zopim"]}},
            [20],
            ["the client_identifier 'zopim' in 'exclude'"],
        ),
        ({"token_values": ["access00000020", "hush-hush"]}, [20], ["1 of 2 'token_values' belong to no listed token"]),
    ],
)
def test_selected_tokens_and_their_warnings(options: Json, selected: list[int], warnings: list[str]):
    result = info(chat(), **options)
    assert (ids(result["tokens"]), len(result["warnings"])) == (selected, len(warnings))
    assert all(part in text for part, text in zip(warnings, result["warnings"]))
    assert "hush" not in str(result)


@pytest.mark.parametrize(
    ("values", "is_ambiguous"),
    [
        (["leaked-to", "leaked-to..."], True),
        (["leaked-to...", "leaked-token"], True),
        (["leaked-to...", "other-token"], False),
        (["leaked-token", "leaked-token"], False),
    ],
)
def test_a_shortened_value_that_several_tokens_can_have_is_a_warning(values: list[str], is_ambiguous: bool):
    tokens = [token(number, access_token=value) for number, value in enumerate(values, 1)]
    warnings = info(MockChat([*tokens, token(3, agent_id=5)]), token_values=["leaked-token"])["warnings"]
    assert [text[:46] for text in warnings] == ["It is ambiguous which of the tokens 1, 2 has t"] * is_ambiguous


# agent_status


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        *[(AGENTS_PAGE, reply) for reply in (*FAULTS, Reply(404), Reply(200, {"agents": []}))],
        # Lists without the own agent
        *[(AGENTS_PAGE, change) for change in (nothing, without(ME))],
        *[("GET agents/me", reply) for reply in (*FAULTS, Reply(200, agent(9, "x@example.com")))],
        # Lookups of the agent that the list lacks
        *[("GET agents/4", reply) for reply in (*FAULTS, Reply(200, b"null"), Reply(200, agent(9, None)), Reply(410))],
    ],
)
def test_agent_status_fails_closed(line: str, reply: Any):
    client = chat(script={line: [reply] * 9})
    with pytest.raises(ChatError):
        revoke(client, agent_status=["missing"], client_identifiers=["zendesk"])
    assert client.deleted == []


def test_an_agent_is_missing_only_if_its_own_lookup_shows_it():
    result = info(chat(script={AGENTS_PAGE: [without(JONAS)]}), agent_status=["missing"])
    assert ids(result["tokens"]) == [40]


@pytest.mark.parametrize("body", [b"", HTML, {"message": "Not found"}, {"error": {"title": "No help desk"}}])
def test_a_404_of_a_gateway_shows_nothing_about_an_agent(body: Any):
    options = {"agent_status": ["disabled", "missing"], "client_identifiers": ["zendesk"]}
    client = chat(script={"GET agents/4": [Reply(404, body)]})
    result = revoke(client, **options)
    assert (client.deleted, "The state of agent 4, 5 is unknown" in str(result["warnings"])) == ([30], True)
    with pytest.raises(ChatError, match="unknown whether agent 99 exists"):
        revoke(chat(script={"GET agents/99": [Reply(404, body)]}), exclude={"agent_ids": [99]}, all=True)


def test_a_later_round_reads_the_states_again_but_revokes_only_tokens_that_were_not_listed_before():
    client = chat(token(70, agent_id=JONAS), agents=[*map(dict, AGENTS)], script={LISTS: [without(70)]})
    # The agent is disabled during the run: its old tokens were not approved.
    client.before = lambda line: client.agents[1].update(enabled=0) if line.startswith("DELETE") else None
    result = revoke(client, agent_status=["disabled"])
    assert story(result) == "revoked 30 70: not verified"
    assert any("Tokens 20, 21 did not match the selectors before" in text for text in result["warnings"])


def test_states_that_cannot_be_read_again_leave_the_result_unverified():
    result = revoke(chat(script={AGENTS_PAGE: [None, Reply(500)]}), agent_status=["disabled"])
    assert (story(result), result["status"]) == ("revoked 30: failed", 500)
    assert "could not be verified" in result["msg"]


# The protect list


def test_protected_tokens_are_kept_and_neither_trigger_a_guard_nor_count():
    client = chat()
    agents = {"agent_emails": ["JONAS@example.com"], "agent_ids": [4]}
    exclude = {"client_identifiers": ["automation"], "ids": [60], **agents}
    result = revoke(client, all=True, exclude=exclude, max_revocations=2)
    assert story(result) == "revoked 30 50, kept 10 20 21 40 60: verified"
    assert {entry["reason"] for entry in result["kept"]} == {"excluded"}


@pytest.mark.parametrize(
    ("exclude", "script", "reason"),
    [
        ({"agent_emails": ["jonsa@example.com"]}, {}, "would protect nothing"),
        (
            {"agent_emails": ["jon\u0430s@example.com"]},
            {},
            r"jon\\u0430s@example.com\) in 'exclude'.*, but not the same: jonas@",
        ),
        ({"agent_ids": [999]}, {}, "would protect nothing"),
        ({"agent_emails": ["jonas@example.com"]}, {AGENTS_PAGE: [Reply(500)]}, "HTTP 500"),
        ({"agent_ids": [999]}, {"GET agents/999": [Reply(500)]}, "HTTP 500"),
    ],
)
def test_agents_to_protect_that_are_unknown_or_cannot_be_read_stop_the_task(exclude: Json, script: Json, reason: str):
    client = chat(script=script)
    with pytest.raises(ChatError, match=reason):
        revoke(client, agent_ids=[PRIYA], agent_emails=["jonas@example.com"], exclude=exclude)
    assert client.deleted == []
    with pytest.raises(ChatError, match=reason):
        info(chat(script=script), exclude=exclude)


def test_in_case_of_doubt_a_token_is_protected():
    more = token(61, agent_id=6, client_identifier="bot "), token(62, client_identifier="bot")
    client = chat(*more, agents=[*AGENTS, agent(6, "PRIYA@example.com")])
    result = revoke(client, ids=[30, 61], exclude={"agent_emails": ["priya@example.com"]})
    assert story(result) == "kept 30 61: verified", "two agents have the same address"
    result = revoke(client, ids=[61, 62], exclude={"client_identifiers": ["bot "]})
    assert story(result) == "kept 61 62: verified", "with and without white space"


# API clients

CRM, TWIN = api_client(1, "CRM sync", "crm"), api_client(4, "Mobile", "m2")
CLIENTS = [
    CRM,
    api_client(2, "Automation", "automation"),
    api_client(3, " Mobile ", "m1"),
    TWIN,
    api_client(5, None, "x"),
]
UNREADABLE = (
    *FAULTS,
    Reply(404, {"error": "Not found"}),
    Reply(200, {"clients": []}),
    Reply(200, [CRM, {**CRM, "id": 9}]),
)


def with_clients(*more: Json, **options: Any) -> MockChat:
    mobile = token(80, client_identifier="m1", agent_id=JONAS), token(81, client_identifier="m2", agent_id=PRIYA)
    return chat(*mobile, *more, **{"clients": CLIENTS, **options})


@table(
    "options, selected, warnings",
    {
        "a name": ({"client_names": ["CRM sync"]}, [21], []),
        "white space around a name does not count": ({"client_names": [" CRM sync\n"]}, [21], []),
        "names and identifiers are one set": (
            *({"client_names": ["CRM sync"], "client_identifiers": ["automation"]}, [10, 21], []),
        ),
        "an empty list adds nothing": ({"client_names": ["CRM sync"], "client_identifiers": []}, [21], []),
        "an empty list selects nothing": ({"client_names": []}, [], []),
        "all selectors must match": (
            {"client_names": ["CRM sync", "Mobile"], "agent_ids": [JONAS]},
            [21, 80],
            ["Several"],
        ),
        "several clients": (
            *({"client_names": ["Mobile"]}, [80, 81]),
            ["Several API clients have the name 'Mobile': 'm1', 'm2'. All of them are selected."],
        ),
        "a client without a name": (
            {"client_names": ["x"]},
            [],
            ["'x' is the identifier of 'a client without a name': use 'client_identifiers'"],
        ),
        "unknown": ({"client_names": ["Nope"]}, [], ["No listed API client has the name 'Nope'. Check for typos."]),
        "case": ({"client_names": ["crm sync"]}, [], ["Similar, but not the same: 'CRM sync'"]),
        "looks the same": ({"client_names": ["CRM s\u0443nc"]}, [], ["Similar, but not the same: 'CRM sync'"]),
        "an identifier": (
            {"client_names": ["crm"]},
            [],
            ["'crm' is the identifier of 'CRM sync': use 'client_identifiers'"],
        ),
        "the other way round": (
            *({"client_identifiers": ["CRM sync", "crm"]}, [21]),
            ["'CRM sync' is the name of the API client with the identifier 'crm': use 'client_names'"],
        ),
        "the name of several": (
            *({"client_identifiers": ["Mobile"]}, []),
            ["identifier 'm1': use 'client_names'. 'Mobile' is the name of the API client with the identifier 'm2'"],
        ),
        "protected by name": ({"client_names": ["CRM sync"], "exclude": {"client_names": ["CRM sync "]}}, [], []),
        "several are protected": (
            *({"ids": [21, 80, 81], "exclude": {"client_names": ["Mobile"]}}, [21]),
            ["Several API clients have the name 'Mobile': 'm1', 'm2'. All of them are protected."],
        ),
        "protected although no token is listed for it": (
            *({"ids": [21], "exclude": {"client_identifiers": ["x"]}}, [21], []),
        ),
        "a client of the vendor": (
            *({"ids": [21], "exclude": {"client_identifiers": ["zopim"]}}, [21]),
            ["Neither a token nor an API client has the client_identifier 'zopim' in 'exclude'."],
        ),
    },
)
def test_tokens_of_named_clients_and_their_warnings(options: Json, selected: list[int], warnings: list[str]):
    result = info(with_clients(), **options)
    assert (ids(result["tokens"]), len(result["warnings"])) == (selected, len(warnings))
    assert all(part in text for part, text in zip(warnings, result["warnings"]))
    unknown = {"x", "Nope", "crm sync", "CRM s\u0443nc", "crm"} & {*options.get("client_names", ())}
    assert result["unknown_client_names"] == sorted(unknown)
    revoked = revoke(with_clients(), **{"own_token": "revoke", **options}, probe_values=False)
    assert (ids(revoked["revoked"]), revoked["unknown_client_names"]) == (selected, sorted(unknown))


@table(
    "options, reads",
    {
        "no client": ({"ids": [21]}, 0),
        "identifiers of listed tokens": (
            {"client_identifiers": ["crm"], "exclude": {"client_identifiers": ["zendesk"]}},
            0,
        ),
        "names": ({"client_names": ["CRM sync", "Nope"], "exclude": {"client_names": ["Mobile"]}}, 1),
        "an identifier that no token has": ({"client_identifiers": ["crm", "nope", "nope2"]}, 1),
        "an identifier to protect that no token has": (
            {"ids": [21], "exclude": {"client_identifiers": ["x", "zopim"]}},
            1,
        ),
    },
)
def test_the_clients_are_read_once_and_only_if_necessary(options: Json, reads: int):
    client = with_clients()
    assert story(revoke(client, **options)) == "revoked 21: verified"
    assert client.lines.count(CLIENT_LISTS) == reads


@pytest.mark.parametrize("reply", UNREADABLE)
def test_a_hint_that_cannot_be_read_never_fails_the_task(reply: Reply):
    for run in (revoke, info):
        result = run(with_clients(script={CLIENT_LISTS: [reply]}), client_identifiers=["crm", "nope"])
        assert (result.get("failed"), ids(result.get("revoked", result.get("tokens")))) == (None, [21])
        assert "It is unknown whether the value is the name of an API client." in result["warnings"][0]


@pytest.mark.parametrize("reply", UNREADABLE)
@pytest.mark.parametrize(
    "options",
    [
        {"client_names": ["CRM sync"]},
        {"ids": [21], "exclude": {"client_names": ["Mobile"]}},
        {"ids": [21], "exclude": {"client_identifiers": ["x"]}},
    ],
)
def test_clients_that_are_needed_and_cannot_be_read_stop_the_task(options: Json, reply: Reply):
    client = with_clients(script={CLIENT_LISTS: [reply] * 9})
    for run in (revoke, info):
        with pytest.raises(ChatError, match="oauth/clients"):
            run(client, **options)
    assert client.deleted == []


@table(
    "exclude, reason",
    {
        "a name": (
            {"client_names": ["CRM sync", "Nope"]},
            "has the name 'Nope' in 'exclude', so it would protect nothing",
        ),
        "a similar name": ({"client_names": ["mobile"]}, "Similar, but not the same: 'Mobile'"),
        "an identifier instead of a name": (
            {"client_names": ["crm"]},
            "'crm' is the identifier of 'CRM sync': use 'client_ident",
        ),
        "an identifier": (
            {"client_identifiers": ["crm", "nope"]},
            "client_identifier 'nope' in 'exclude', so it would protect",
        ),
        "a name instead of an identifier": (
            *({"client_identifiers": ["CRM sync"]},),
            "'CRM sync' is the name of the API client with the identifier 'crm': use 'client_names'",
        ),
        "case": ({"client_identifiers": ["CRM"]}, "client_identifier 'CRM' in 'exclude', so it would protect nothing"),
        "no client is listed": ({"client_names": ["Automation"], "ids": [10]}, "'Automation' in 'exclude'"),
    },
)
def test_clients_to_protect_that_are_unknown_stop_the_task(exclude: Json, reason: str):
    script: Json = {CLIENT_LISTS: [nothing] * 2} if reason.startswith("'Automation'") else {}
    client = with_clients(script=script)
    for run in (revoke, info):
        with pytest.raises(ChatError, match=re.escape(reason)):
            run(client, ids=[20], exclude=exclude)
    assert client.deleted == []


@table(
    "later, expected",
    {
        "not listed": (nothing, None),
        "still not listed": (None, None),
        "listed": (lambda entries: [*entries, api_client(7, "New", "new")], "revoked 21 70: verified"),
        "listed, with a name to protect": (
            *(lambda entries: [*entries, api_client(7, "Mobile", "new")], "revoked 21, kept 70: verified"),
        ),
    },
)
def test_a_selected_token_of_a_client_without_a_known_name_can_be_protected(later: Any, expected: str | None):
    """The client can have been created since the clients were read, so they are read once more."""
    client = with_clients(token(70, client_identifier="new"), script={CLIENT_LISTS: [None, later, later]})
    options: Json = {"ids": [21, 70], "exclude": {"client_names": ["Mobile"]}}
    if expected:
        assert story(revoke(client, **options)) == expected
    else:
        with pytest.raises(ChatError, match=r"does not show the name of client ('crm', )?'new', so"):
            revoke(client, **options)
        assert client.deleted == []
    assert client.lines.count(CLIENT_LISTS) == 2
    # Its own identifier is sufficient.
    options = {"ids": [21, 70], "exclude": {"client_identifiers": ["m1"]}}
    assert story(revoke(with_clients(token(70, client_identifier="new")), **options)) == "revoked 21 70: verified"


def test_a_later_list_of_clients_neither_removes_a_protection_nor_selects_more():
    """During the run, the protected client gets another name, and another client gets the selected one."""
    later = [{**CRM, "name": "Mobile"}, *CLIENTS[1:3], {**TWIN, "name": "x"}, api_client(7, "New", "new")]
    new = token(70, client_identifier="new"), token(82, client_identifier="m2"), token(83, client_identifier="crm")
    script = {LISTS: [without(70, 82, 83)], CLIENT_LISTS: [None, lambda _entries: later]}
    options: Json = {"agent_ids": [JONAS, 10000026], "exclude": {"client_names": ["Mobile"]}}
    client = with_clients(*new, script=script)
    result = revoke(client, **options)
    assert story(result) == "revoked 20 21 70, kept 80 82 83: verified", "the new name protects, too"
    client = with_clients(
        *new, script={**script, LISTS: [without(70, 83)], CLIENT_LISTS: [None, lambda _entries: later]}
    )
    options = {"client_names": ["Mobile"], "client_identifiers": ["new"], "exclude": {"client_names": ["Automation"]}}
    assert story(revoke(client, **options)) == "revoked 70 80 81 82: verified"
    assert client.lines.count(CLIENT_LISTS) == 2


# Whatever the lookups return


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


@settings(max_examples=60)
@given(SELECTIONS, st.fixed_dictionaries(dict.fromkeys(LINES, FAULTS)))
def test_no_fault_of_the_lookups_widens_a_selection(options: Json, faults: Any):
    """Judged by what the account really contains. ``GET agents/3`` and the like are false only if the API returns a false 404."""
    script = {line: [each for each in replies if "?" in line or not callable(each)] for line, replies in faults.items()}
    client = chat(script=script)
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


ALL_CLIENTS = [*CLIENTS, api_client(6, "Chat", "zendesk")]
FALSE_CLIENTS = st.one_of(st.none(), false_lists_of_clients(ALL_CLIENTS))
CLIENT_SELECTIONS: Any = st.fixed_dictionaries(
    {"own_token": st.just("revoke")},
    optional={
        "ids": st.just([10, 20, 21, 30, 80, 81]),
        "client_names": st.sampled_from([["Mobile"], ["CRM sync", "Chat"], ["crm", "Automation"]]),
        "client_identifiers": st.sampled_from([["zendesk"], ["crm", "m1", "Mobile"], ["automation", "nope"]]),
        "exclude": st.sampled_from(
            [
                *({"client_names": [name]} for name in ("CRM sync", "Mobile", "Chat")),
                *({"client_names": ["Chat", "Mobile"]}, {"client_names": ["Automation", "Chat"]}),
                *({"client_identifiers": ["m1", "zendesk"]}, {"client_identifiers": ["x"], "client_names": ["Mobile"]}),
            ]
        ),
    },
)


@settings(max_examples=150)
@given(
    CLIENT_SELECTIONS,
    st.one_of(st.lists(FALSE_CLIENTS, min_size=1, max_size=3), FALSE_CLIENTS.map(lambda each: [each] * 3)),
)
def test_no_fault_of_the_clients_widens_a_selection_or_removes_a_protection(options: Json, faults: Any):
    """Judged by what the account really contains."""
    options = options if options.keys() - {"own_token", "exclude"} else {**options, "all": True}
    client = with_clients(clients=ALL_CLIENTS, script={CLIENT_LISTS: faults})
    before = dict(client.tokens)
    names = {entry["client_identifier"]: str(entry["name"]).strip() for entry in ALL_CLIENTS}

    def has_client(entry: Json, given: Json) -> bool:
        identifier = entry["client_identifier"]
        return identifier in given.get("client_identifiers", ()) or names[identifier] in given.get("client_names", ())

    try:
        revoke(client, **options)
    except ChatError:
        assert client.deleted == []
    for number in client.deleted:
        entry = before[number]
        assert number in options.get("ids", [number])
        assert not {"client_names", "client_identifiers"} & options.keys() or has_client(entry, options)
        # Whether the API lists the vendor's clients is unknown. So a list without them is no reason to refuse a name to protect.
        is_vendor = entry["client_identifier"] == "zendesk"
        protected = options.get("exclude", {})
        assert not has_client(entry, {**protected, "client_names": ()} if is_vendor else protected)
