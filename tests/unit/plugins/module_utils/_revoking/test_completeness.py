# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result is complete and true, whatever the server does. An observer judges it by the requests alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.tests.unit.support.faults import (
    DELETE_FAULTS,
    EXAMPLES,
    GATEWAY,
    LOST,
    false_lists_of_clients,
)
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import (
    NOT_FOUND,
    OWN,
    UNAUTHORIZED,
    Json,
    MockChat,
    Reply,
    Request,
    agent,
    also,
    api_client,
    first,
    nothing,
    only,
    token,
    without,
)
from ansible_collections.zchat.admin.tests.unit.support.revoking import (
    ALL,
    CLIENT_LISTS,
    HTML,
    LISTS,
    ME,
    MISSING,
    chat,
    ids,
    revoke,
)

CLIENTS = [
    *(api_client(31, "Support", "zendesk"), api_client(32, "Web", "zopim")),
    *(api_client(33, "Sync", "crm"), api_client(34, "Sync", "crm2"), api_client(35, None, "bot")),
]
"""Two clients have the same name. A client without a token is harmless."""
FALSE_CLIENTS = st.lists(st.one_of(st.none(), false_lists_of_clients(CLIENTS)), max_size=3)
VALUES: Mapping[str, st.SearchStrategy[Any]] = {
    "ids": st.lists(st.integers(1, 12), max_size=9),
    "agent_ids": st.lists(st.sampled_from([1, 2, 3]), max_size=2),
    "agent_emails": st.lists(st.sampled_from(["one@example.com", "TWO@example.com", "x@example.com"]), max_size=2),
    "client_identifiers": st.lists(st.sampled_from(["zendesk", "crm", "Sync"]), max_size=2),
    "client_names": st.lists(st.sampled_from(["Sync", " Web", "crm", "x"]), max_size=2),
    "scopes": st.lists(st.sampled_from(["read", "write", "chat"]), max_size=2),
    "token_values": st.lists(st.sampled_from(["first-access-token", OWN]), max_size=2),
    "agent_status": st.lists(st.sampled_from(["enabled", "disabled"]), max_size=2),
    "expired": st.booleans(),
    "expires_within": st.sampled_from(["1d", "99999w"]),
    "age": st.sampled_from(["1d", "9999w"]),
}
SELECTORS = st.one_of(
    st.sampled_from([{"all": True}, ALL]),
    st.sampled_from([{"ids": list(range(1, 13))}, {"ids": [1, 3, 5, 7]}, {"agent_ids": [1]}, {"agent_ids": [2]}]),
    st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=3, unique=True).flatmap(
        lambda names: st.fixed_dictionaries({name: VALUES[name] for name in names})
    ),
)
AGENTS = [agent(1, "one@example.com"), agent(2, "two@example.com", enabled=0)]
EXPIRED, NEVER, LATER = "2015-09-09T17:49:20Z", "0001-01-01T00:00:00Z", "2999-09-09T17:49:20Z"
FIELDS = st.fixed_dictionaries(
    {
        "agent_id": st.sampled_from([1, 2, 2, None]),
        "scopes": st.sampled_from(["read", "read,write", "read write", "chat", None]),
        "expire_date": st.sampled_from([None, EXPIRED, NEVER, LATER]),
        "client_identifier": st.sampled_from(["zendesk", "zopim", "crm", "crm2", None]),
    }
)
DELETE_REPLIES = st.builds(
    lambda reply, applied: replace(reply, applied=applied),
    st.one_of(
        st.sampled_from([Reply(204), Reply(200, b"null"), Reply(404, NOT_FOUND, repeated=True)]),
        st.sampled_from([Reply(None), Reply(502), Reply(200, HTML), Reply(401, repeated=True)]),
        st.sampled_from([Reply(404, NOT_FOUND), Reply(404, HTML), Reply(410)]),
        st.sampled_from([Reply(422), Reply(403), MISSING, Reply(401), Reply(401, UNAUTHORIZED)]),
    ),
    st.booleans(),
)
NUMBERS = st.lists(st.integers(1, 12), max_size=4)
OWN_TOKEN = ("refuse", "keep", "revoke")
EXCLUDE = [
    *({"ids": [1, 2]}, {"agent_ids": [2], "ids": [3]}, {"client_identifiers": ["crm", "zopim"]}),
    *({"client_names": ["Sync"]}, {"client_names": ["Support", "Sync"], "ids": [1]}),
]
SHAPES = {"complete": "{0}", "hidden": "{1}...{2}", "missing": ""}
"""How the list shows access tokens."""


def is_selected(entry: Json, selectors: Json) -> bool:
    """Return whether a token matches, in a second formulation, for the tokens and the values of this test."""
    matches: dict[str, Any] = {
        "ids": lambda given: given.count(entry["id"]) > 0,
        "scopes": lambda given: any(scope in str(entry["scopes"]) for scope in given),
        "token_values": lambda given: given.count(entry["access_token"]) > 0,
        "agent_status": lambda given: {1: "enabled", 2: "disabled"}.get(entry["agent_id"]) in given,
        "expires_within": lambda given: entry["expire_date"] == LATER and given == "99999w",
        "expired": lambda given: entry["expire_date"] != NEVER and given == (entry["expire_date"] == EXPIRED),
        "age": lambda given: given == "1d",
    }
    emails = [email.lower() for email in selectors.get("agent_emails", ())]
    agents = [*selectors.get("agent_ids", ()), *(one["id"] for one in AGENTS if one["email"] in emails)]
    if {"agent_ids", "agent_emails"} & selectors.keys() and entry["agent_id"] not in agents:
        return False
    if {"client_identifiers", "client_names"} & selectors.keys() and not is_of_client(entry, selectors):
        return False
    return all(matches[name](given) for name, given in selectors.items() if name in matches)


def is_of_client(entry: Json, options: Json) -> bool:
    """Return whether a token has one of ``client_identifiers``, or that of an API client with one of ``client_names``."""
    name = next((one["name"] for one in CLIENTS if one["client_identifier"] == entry["client_identifier"]), None)
    names = [given.strip() for given in options.get("client_names", ())]
    return entry["client_identifier"] in options.get("client_identifiers", ()) or name in names


def is_protected(entry: Json, exclude: Json) -> bool:
    by_id = entry["id"] in exclude.get("ids", ()) or entry["agent_id"] in exclude.get("agent_ids", ())
    return by_id or is_of_client(entry, exclude)


@st.composite
def scenarios(draw: st.DrawFn) -> tuple[list[Json], Json, Json, Json]:
    """Return tokens, selectors, other options, and the arguments of the fake: a server that gives false responses."""
    rows = draw(st.lists(FIELDS, min_size=1, max_size=8))
    tokens = [token(number, **fields) for number, fields in enumerate(rows, 1)]
    for value in ("first-access-token", "own-token-other", OWN):
        if draw(st.integers(0, 3)):
            draw(st.sampled_from(tokens))["access_token"] = value
    options: Json = {
        "verify": draw(st.sampled_from([True, True, True, False])),
        "exclude": draw(st.sampled_from([*[None] * 6, *EXCLUDE])),
        "max_revocations": draw(st.sampled_from([*[None] * 6, 0, 1, 5])),
    }
    change = st.one_of(
        *(st.none(), st.none(), st.just(nothing), st.just(also(*tokens)), st.builds(first, st.integers(0, 5))),
        *(NUMBERS.map(lambda numbers: only(*numbers)), NUMBERS.map(lambda numbers: without(*numbers))),
        st.sampled_from([Reply(503), Reply(200, {"tokens": []}), Reply(200, HTML), Reply(401)]),
    )
    deletes, lists, me = {}, [], []
    if draw(st.integers(0, 2)):
        replies = {entry["id"]: draw(st.one_of(st.none(), DELETE_REPLIES)) for entry in tokens}
        deletes = {number: reply for number, reply in replies.items() if reply}
    if draw(st.booleans()):
        lists = [draw(st.sampled_from([None, None, first(3), without(1, 2)])), *draw(st.lists(change, max_size=7))]
    if draw(st.booleans()):
        me = draw(
            st.lists(st.sampled_from([None, Reply(503), Reply(401), Reply(401, UNAUTHORIZED), MISSING]), max_size=3)
        )
    own, own_agent = draw(st.sampled_from([OWN, OWN, OWN, None])), draw(st.sampled_from([1, 777]))
    shape = draw(st.sampled_from(["complete", "complete", "complete", "hidden", "missing"]))
    clients = draw(FALSE_CLIENTS) if draw(st.booleans()) else []
    fake = {"deletes": deletes, "lists": lists, "me": me, "shape": shape, "own": own, "own_agent": own_agent}
    fake["script"] = {CLIENT_LISTS: clients}
    return tokens, draw(SELECTORS), {name: value for name, value in options.items() if value is not None}, fake


def account(tokens: list[Json], shape: str, **fake: Any) -> MockChat:
    def shown(entry: Json) -> Json:
        value = entry["access_token"]
        return {**entry, "access_token": SHAPES[shape].format(value, value[:4], value[-4:]) or None}

    return chat(*map(dict, tokens), agents=AGENTS, clients=CLIENTS, shown=shown, **fake)


class Observer:
    """What a list of requests shows about the server, and what a run may conclude from it."""

    def __init__(
        self,
        requests: list[Request],
        expired: set[int],
        to_revoke: set[int],
        shown_own_id: int | None,
        others: set[int],
    ) -> None:
        """``to_revoke`` are the selected tokens that are not kept; ``shown_own_id`` is the own token if lists show its value;
        ``others`` are the tokens of other agents than the own one.
        """
        self.requests = requests
        self.valid: list[int] = []
        """The positions of the lists that are valid as proof, the first list included."""
        self.planned: set[int] = set()
        """The ids in the lists after which the run continues."""
        self.partial: set[int] = set()
        """The positions of the lists that do not show that they are complete."""
        lists = [position for position, request in enumerate(requests) if request.line == LISTS]
        seen: set[int] = set()
        for position, following in zip(lists, [*lists[1:], None]):
            shown = requests[position].shown
            untouched = seen - expired - (self.planned & to_revoke)
            if shown is None or (untouched and not untouched & shown) or shown_own_id in seen - shown:
                continue
            if not untouched & others or not untouched <= shown:
                self.partial.add(position)
            self.valid.append(position)
            seen |= shown
            if following is None or not requests[following].after_pause:
                self.planned |= shown

    def last_valid(self, after: int = -1) -> frozenset[int] | None:
        """Return what the last valid list showed, ``None`` if there was none after this position."""
        positions = [position for position in self.valid if position > after]
        return self.requests[positions[-1]].shown if positions else None

    def positions_of_delete(self, number: int) -> list[int]:
        return [i for i, request in enumerate(self.requests) if request.line == f"DELETE oauth/tokens/{number}"]

    def own_was_rejected(self, after: int) -> bool:
        rejections = (request for request in self.requests[after:] if request.line == ME and request.status == 401)
        return any(request.body == UNAUTHORIZED for request in rejections)

    def is_confirmed(self, number: int) -> bool:
        return any(self.requests[position].is_confirmed for position in self.positions_of_delete(number))


@pytest.mark.parametrize("own_token", OWN_TOKEN)
@pytest.mark.parametrize("concurrency", [1, 4])
@settings(max_examples=70)
@given(scenario=scenarios())
def test_result_is_complete(own_token: str, concurrency: int, scenario: tuple[list[Json], Json, Json, Json]):
    tokens, selectors, options, fake = scenario
    options = {**selectors, **options, "own_token": own_token, "concurrency": concurrency, "probe_values": False}
    real = account(tokens, **fake)
    before = {entry["id"]: entry for entry in tokens}
    try:
        result = revoke(real, **options)
    except ChatError:
        assert real.deleted == []
        return
    revoked, kept, gone, not_revoked = (ids(result[name]) for name in ("revoked", "kept", "gone", "not_revoked"))
    own_id = next((n for n, entry in before.items() if fake["own"] and entry["access_token"] == OWN), None)
    values_are_shown = fake["shape"] == "complete"
    selected = {
        number
        for number, entry in before.items()
        if is_selected(entry if values_are_shown else {**entry, "access_token": ""}, selectors)
    }
    if fake["script"][CLIENT_LISTS] and "client_names" in selectors:
        # A client that the list lacks selects nothing. Whatever the list is, it never selects more.
        completed = {*revoked, *kept, *gone, *not_revoked}
        assert completed <= selected
        selected = completed
    expired = {number for number, entry in before.items() if entry["expire_date"] == EXPIRED}
    own_agent = before[own_id]["agent_id"] if own_id and before[own_id]["agent_id"] else fake["own_agent"]
    # Without the own agent, it is unknown which tokens are those of another one.
    others = set() if fake["me"] else {n for n, entry in before.items() if entry["agent_id"] not in (own_agent, None)}
    observer = Observer(real.requests, expired, selected - set(kept), own_id if values_are_shown else None, others)
    listed = [request.shown for request in real.lists if request.shown is not None]
    event(f"{'failed' if result.get('failed') else 'succeeded'}, verified={result['verified']}")

    # Every selected token is in exactly one list, and only selected tokens are in one.
    completed = [*revoked, *kept, *gone, *not_revoked]
    assert len(completed) == len(set(completed))
    assert selected & listed[0] <= set(completed) <= selected & frozenset().union(*listed)
    # A DELETE is sent once more if it is not confirmed, and no list shows that it is complete.
    for number in real.deleted:
        last, *earlier = observer.positions_of_delete(number)[::-1]
        for position in earlier:
            lists_between = {p for p in observer.valid if position < p < last}
            assert (len(earlier), bool(lists_between & observer.partial)) == (1, True)
            assert not real.requests[position].is_confirmed
    assert set(real.deleted) <= {*revoked, *gone, *not_revoked}
    assert set(revoked) <= set(real.deleted)
    assert len(set(real.deleted)) <= options.get("max_revocations", 99)
    protected = {number for number, entry in before.items() if is_protected(entry, options.get("exclude", {}))}
    assert not protected & set(real.deleted)
    assert protected & set(completed) == {entry["id"] for entry in result["kept"] if entry["reason"] == "excluded"}
    assert own_token == "revoke" or own_id not in real.deleted

    # 'revoked': a token that still exists is only there if the server's last statement about it was false.
    for number in set(revoked) & real.tokens.keys():
        position = observer.positions_of_delete(number)[-1]
        shown = observer.last_valid(after=position)
        if number == own_id and observer.own_was_rejected(position):
            event("false 401 for the own token")
        elif shown is not None:
            assert number not in shown
        else:
            assert observer.is_confirmed(number)
    # 'gone': no DELETE of this run can have revoked it.
    for number in set(gone) & set(real.deleted):
        reply = fake["deletes"].get(number)
        statuses = {real.requests[position].status for position in observer.positions_of_delete(number)}
        assert statuses <= {401, 403, 404, 410, 422}
        assert reply is None or not reply.repeated
    # 'not_revoked': the last valid list contains the token, or no response and no complete list showed the opposite.
    for number in set(not_revoked) - (observer.last_valid() or frozenset()):
        assert not observer.is_confirmed(number)
        positions = observer.positions_of_delete(number)
        assert not {p for p in observer.valid if p > (positions or [0])[-1]} - observer.partial
    # 'verified': nothing is left except kept tokens.
    if result["verified"]:
        assert not result.get("failed")
        last = real.lists[-1]
        last_position = real.requests.index(last)
        assert last_position in observer.valid
        assert set(result["already_absent"]) == set(selectors.get("ids", ())) - observer.planned
        positions = {
            number: observer.positions_of_delete(number)[-1] for number in {*revoked, *gone} & set(real.deleted)
        }
        proven_by_use = {n for n, at in positions.items() if at > last_position and observer.own_was_rejected(at)}
        left = selected - set(kept) - proven_by_use
        assert not left & (last.shown or frozenset())
        assert last.shown != last.existing or not left & last.existing
    assert result["changed"] is bool(revoked)
    assert result.get("failed") or not not_revoked

    # Check mode is the same run, as far as the responses to DELETE do not matter.
    checked = account(tokens, **fake)
    dry_run = revoke(checked, True, **options)
    assert checked.deleted == []
    assert dry_run["verified"] is not (dry_run["changed"] or dry_run.get("failed", False))
    has_no_faults = not (fake["deletes"] or fake["lists"] or fake["me"] or fake["script"][CLIENT_LISTS])
    if has_no_faults and (values_are_shown or fake["own"] is None or own_token != "revoke"):
        for key in ("revoked", "kept", "gone", "not_revoked", "changed", "failed", "diff", "listed", "warnings"):
            assert dry_run.get(key) == result.get(key), key
        assert options["verify"] is False or result["verified"] is not result.get("failed", False)


# Evidence: what a result claims, judged by what the account really contains. The API itself is honest: it never confirms a DELETE
# that it did not execute, or rejects a token that works. Everything between it and the run is not.


@st.composite
def faulty_accounts(draw: st.DrawFn) -> tuple[list[Json], Json, Json]:
    """Return tokens, options, and the arguments of an account. A partial list lacks a token that the run does not touch."""
    rows = draw(st.lists(FIELDS, min_size=1, max_size=7))
    tokens = [token(number, **fields) for number, fields in enumerate(rows, 1)]
    own = draw(st.sampled_from([OWN, OWN, None]))
    for value in ("first-access-token", OWN):
        draw(st.sampled_from(tokens))["access_token"] = value
    selectors = draw(
        st.one_of(st.sampled_from([ALL, {"agent_ids": [1]}, {"ids": [1, 2, 3]}, {"ids": [2, 4]}]), SELECTORS)
    )
    exclude = draw(st.sampled_from([*[None] * 5, *EXCLUDE]))
    options = {
        **selectors,
        **({"exclude": exclude} if exclude else {}),
        "own_token": draw(st.sampled_from([*OWN_TOKEN, "keep", "revoke"])),
    }
    own_id = next((entry["id"] for entry in tokens if own and entry["access_token"] == OWN), None)
    untouched = {
        entry["id"]
        for entry in tokens
        if entry["expire_date"] != EXPIRED and (not is_selected(entry, selectors) or is_protected(entry, exclude or {}))
    } - {own_id}
    snapshot = [dict(entry) for entry in tokens]

    def partial() -> Any:
        # Without the own token, a list is no proof at all.
        lacking = {number for number in range(1, 8) if number != own_id and draw(st.booleans())}
        needed = untouched or ({own_id} if own_id else set())
        return without(*lacking, *([draw(st.sampled_from(sorted(needed)))] if needed else []))

    def foreign() -> Any:
        numbers = draw(st.lists(st.integers(1, 12), max_size=4, unique=True))
        others = [
            token(n, agent_id=9, create_date="2020-01-01T00:00:00Z", access_token=f"foreign-{n}") for n in numbers
        ]
        return lambda _entries: others

    faults = {
        "partial": partial,
        "stale": lambda: lambda _entries: [dict(entry) for entry in snapshot],
        "foreign": foreign,
        "gateway": lambda: draw(GATEWAY),
        "lost": lambda: Reply(None),
        "none": lambda: None,
    }
    kinds = draw(st.lists(st.sampled_from(["partial", *faults]), max_size=8))
    deletes = {f"DELETE oauth/tokens/{entry['id']}": draw(DELETE_FAULTS) for entry in tokens}
    clients = draw(FALSE_CLIENTS)
    fake = {
        "lists": [None, *(faults[kind]() for kind in kinds)],
        "me": draw(st.lists(st.one_of(st.none(), GATEWAY, LOST), max_size=4)),
        "script": {
            **deletes,
            CLIENT_LISTS: clients,
            "GET agents/me with first-access-token": draw(st.lists(st.one_of(st.none(), GATEWAY), max_size=2)),
        },
        "shape": draw(st.sampled_from(["complete", "complete", "hidden"])),
        "own": own,
        "own_agent": 777,
    }
    return tokens, options, fake


@pytest.mark.parametrize("verify", [True, False])
@settings(max_examples=EXAMPLES)
@given(scenario=faulty_accounts())
def test_no_fault_makes_a_result_claim_more_than_the_account_contained(
    verify: bool, scenario: tuple[list[Json], Json, Json]
):
    tokens, options, fake = scenario
    real = account(tokens, **fake)
    before = {entry["id"]: entry for entry in tokens}
    try:
        result = revoke(real, **options, verify=verify)
    except ChatError:
        assert (real.deleted, set(real.tokens)) == ([], set(before))
        return
    alive = set(real.tokens)
    claimed = {*ids(result["revoked"]), *ids(result["gone"])}
    event(f"{'failed' if result.get('failed') else 'succeeded'}, verified={result['verified']}, {len(claimed)} claimed")
    # A revoked or missing token does not exist.
    assert not claimed & alive
    # What no response and no list showed is not claimed: it is in 'not_revoked'.
    assert set(real.deleted) <= claimed | set(ids(result["not_revoked"]))
    assert {number for number in before if number not in alive} <= claimed | set(ids(result["not_revoked"]))
    true_selection = {number for number, entry in before.items() if is_selected(entry, options)}
    protected = {number for number, entry in before.items() if is_protected(entry, options.get("exclude", {}))}
    # A foreign list can contain others, which do not exist here.
    assert set(real.deleted) & set(before) <= true_selection - protected
    if result["verified"] and not ("client_names" in options and any(fake["script"][CLIENT_LISTS])):
        shown = fake["shape"] == "complete"
        left = {
            n
            for n in alive & set(before)
            if is_selected(before[n] if shown else {**before[n], "access_token": ""}, options)
        }
        assert left <= set(ids(result["kept"]))
    if result.get("values_dead"):
        # That of a kept token is not tested.
        values = {entry["access_token"] for entry in real.tokens.values() if entry["id"] not in ids(result["kept"])}
        assert not values & set(options["token_values"])
    if result.get("values_dead") is False:
        assert set(options["token_values"]) & {entry["access_token"] for entry in tokens}
