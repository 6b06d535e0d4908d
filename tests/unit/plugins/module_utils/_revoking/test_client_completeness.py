# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever stands between an honest API and a deletion of API clients: the result is judged by what the account really contains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, List, Tuple

from hypothesis import event, given, settings
from hypothesis import strategies as st

from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.tests.unit.support.faults import (
    DELETE_FAULTS,
    EXAMPLES,
    GATEWAY,
    foreign_clients,
    lacking,
)
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import (
    OWN,
    Json,
    MockChat,
    Reply,
    agent,
    api_client,
    nothing,
    token,
    without,
)
from ansible_collections.zchat.admin.tests.unit.support.revoking import (
    account,
    client_info,
    delete_clients,
    ids,
    story,
)

Scenario = Tuple[List[Json], List[Json], Json, Json]
"""API clients, tokens, options, and the arguments of an account."""
AGENTS = [agent(1, "one@example.com"), agent(2, "two@example.com"), agent(777, "own@example.com")]
IDENTIFIERS = ["c11", "c12", "c13", "c14", "c15", "retired", "zendesk", None]
CLIENT_FIELDS = st.tuples(st.sampled_from(["A", "A", "B", "C", None]), st.sampled_from([1, 2, 777, None]))
TOKEN_FIELDS = st.fixed_dictionaries(
    {"client_identifier": st.sampled_from(IDENTIFIERS), "agent_id": st.sampled_from([1, 2, 2, 777, None])}
)
VALUES: Mapping[str, st.SearchStrategy[Any]] = {
    "ids": st.lists(st.integers(11, 16), max_size=4),
    "agent_ids": st.lists(st.sampled_from([1, 2, 3]), max_size=2),
    "agent_emails": st.lists(st.sampled_from(["one@example.com", "TWO@example.com", "x@example.com"]), max_size=2),
    "client_identifiers": st.lists(st.sampled_from(["c11", "c12", "c13", "retired", "zendesk", "A"]), max_size=3),
    "client_names": st.lists(st.sampled_from(["A", " B", "c11", "x"]), max_size=2),
}
SELECTORS = st.one_of(
    st.sampled_from([{"client_names": ["A"]}, {"ids": [11, 12, 13]}, {"agent_ids": [1, 2]}, {"ids": [11, 14]}]),
    st.sampled_from([{"client_names": ["A", "B"]}, {"client_identifiers": ["c11", "c13", "retired"]}]),
    st.sampled_from([{"agent_ids": [1, 2, 777]}, {"agent_emails": ["one@example.com"], "client_names": ["A"]}]),
    st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=3, unique=True).flatmap(
        lambda names: st.fixed_dictionaries({name: VALUES[name] for name in names})
    ),
)
EXCLUDE = [
    *({"ids": [11]}, {"agent_ids": [2]}, {"agent_emails": ["two@example.com"]}),
    *({"client_identifiers": ["c11", "zendesk"]}, {"client_names": ["A"]}, {"client_names": ["B"], "ids": [12]}),
]


class Truth:
    """What the options select in an account, in a second formulation."""

    def __init__(self, clients: list[Json], tokens: list[Json], options: Json) -> None:
        exclude = options.get("exclude", {})
        selectors = {name: values for name, values in options.items() if name in VALUES}
        self.clients = {
            entry["id"] for entry in clients if _matches(entry, selectors, all) and not _matches(entry, exclude, any)
        }
        identifiers = {entry["client_identifier"] for entry in clients if entry["id"] in self.clients}
        if not selectors.keys() & {"ids", "agent_ids", "agent_emails"}:
            unlisted = {*selectors.get("client_identifiers", ())} - {entry["client_identifier"] for entry in clients}
            identifiers |= unlisted - {*exclude.get("client_identifiers", ())}
        self.tokens = {entry["id"] for entry in tokens if entry["client_identifier"] in identifiers}


def _matches(entry: Json, given: Json, combine: Any) -> bool:
    """Return whether an API client matches: ``all`` for selectors, ``any`` for a protect list."""
    agents = {1: "one@example.com", 2: "two@example.com"}
    names = [name.strip() for name in given.get("client_names", ())]
    sets = {
        ("ids",): entry["id"] in given.get("ids", ()),
        ("agent_ids", "agent_emails"): entry["agent_id"] in given.get("agent_ids", ())
        or agents.get(entry["agent_id"]) in [email.lower() for email in given.get("agent_emails", ())],
        ("client_identifiers", "client_names"): entry["client_identifier"] in given.get("client_identifiers", ())
        or entry["name"] in names,
    }
    return bool(combine(matches for keys, matches in sets.items() if given.keys() & {*keys}))


@st.composite
def accounts(draw: st.DrawFn) -> Scenario:
    """Return an account without faults."""
    clients = [
        api_client(number, name, f"c{number}", agent_id=creator)
        for number, (name, creator) in enumerate(draw(st.lists(CLIENT_FIELDS, min_size=1, max_size=5)), 11)
    ]
    if not draw(st.integers(0, 7)):
        clients[-1].update(client_identifier="zendesk", agent_id=None)
    tokens = [token(n, **fields) for n, fields in enumerate(draw(st.lists(TOKEN_FIELDS, min_size=1, max_size=6)), 1)]
    own = draw(st.sampled_from([OWN, OWN, OWN, None]))
    own_token = draw(st.sampled_from(tokens))
    own_token["access_token"] = OWN
    if draw(st.integers(0, 3)):
        own_token.update(client_identifier="automation", agent_id=777)
    options: Json = {
        **draw(SELECTORS),
        "concurrency": draw(st.sampled_from([1, 1, 4])),
        "exclude": draw(st.sampled_from([*[None] * 8, *EXCLUDE])),
        "max_deletions": draw(st.sampled_from([*[None] * 8, 1])),
        "max_revocations": draw(st.sampled_from([*[None] * 8, 2])),
    }
    hides = draw(st.sampled_from([False, False, False, True]))
    state = {
        "own": own,
        "own_agent": 777,
        "agents": AGENTS,
        "revokes_with_client": draw(st.booleans()),
        "shown": (lambda entry: {**entry, "access_token": f"***{entry['id']}"}) if hides else dict,
    }
    return clients, tokens, {name: value for name, value in options.items() if value is not None}, state


def run(
    clients: list[Json], tokens: list[Json], options: Json, state: Json, check_mode: bool = False
) -> tuple[MockChat, Json | None]:
    """Return the account after the run, and the result: ``None`` if the run failed before it could do anything."""
    state = {**state, "clients": [dict(entry) for entry in clients]}
    interrupted_at = state.pop("interrupted_at", None)
    real = account(*map(dict, tokens), **state)

    def before(_line: str) -> None:
        real.waits.interrupted = real.waits.interrupted or len(real.requests) == interrupted_at

    real.before = before
    try:
        result = delete_clients(real, check_mode, **options)
        story(result)
    except ChatError:
        result = None
    if check_mode or result is None:
        assert (real.deleted_clients, real.deleted) == ([], [])
    return real, result


@settings(max_examples=EXAMPLES)
@given(scenario=accounts())
def test_without_faults_a_run_does_what_its_dry_run_states(scenario: Scenario):
    clients, tokens, options, state = scenario
    truth = Truth(clients, tokens, options)
    _account, dry_run = run(*scenario, check_mode=True)
    real, result = run(*scenario)
    assert (dry_run is None) is (result is None)
    selectors = {name: value for name, value in options.items() if name in {*VALUES, "exclude"}}
    try:
        listed = client_info(account(*tokens, clients=clients, **state), **selectors)
    except ChatError:
        # It reads no tokens, and a token can show that an identifier in 'exclude' exists.
        assert result is None or "client_identifiers" in options["exclude"]
    else:
        assert {*ids(listed["clients"])} == truth.clients
    if result is None or dry_run is None:
        return
    event(
        f"{'failed' if result.get('failed') else 'succeeded'}, verified={result['verified']}, {len(result['deleted'])}"
    )
    for key in ("changed", "failed", "deleted", "not_deleted", "already_gone", "diff", "listed"):
        assert dry_run.get(key) == result.get(key), key
    assert ids(dry_run["revoked"]) == sorted(ids(result["revoked"]) + ids(result["gone"]))
    assert dry_run["verified"] is (result["verified"] and not result["changed"])
    if real.deleted_clients or real.deleted or not result.get("failed"):
        assert {*ids(result["deleted"])} == truth.clients
        assert {*ids(dry_run["revoked"])} == truth.tokens
        assert not truth.clients & {entry["id"] for entry in real.clients}
        assert not truth.tokens & real.tokens.keys()


# Faults. The API itself is honest: it never confirms a DELETE that it did not execute. Everything between it and the run is not.


@st.composite
def faulty_accounts(draw: st.DrawFn) -> tuple[Scenario, bool]:
    """Return an account with faults, and whether its first lists are true.

    If not, they are partial. A later list can also be stale or of another account, but a partial one lacks an item that the run does not
    touch: nothing could show that it is partial.
    """
    clients, tokens, options, state = draw(accounts())
    is_true = draw(st.integers(0, 2)) > 0
    if not is_true and draw(st.booleans()):
        # What a list hides can be both given and protected.
        given = {"client_identifiers": ["c11", "c12", "c13"], "exclude": draw(st.sampled_from(EXCLUDE))}
        options = {"concurrency": 1, **given}
    truth = Truth(clients, tokens, options)
    own_id = next(entry["id"] for entry in tokens if entry["access_token"] == OWN) if state["own"] else None
    others = {*ids(tokens)} - {own_id}
    untouched_clients, untouched_tokens = {*ids(clients)} - truth.clients, others - truth.tokens

    def lists(
        entries: list[Json], foreign: st.SearchStrategy[Any], can_lack: set[int], must_lack: set[int]
    ) -> list[Any]:
        snapshot = [dict(entry) for entry in entries]
        partial = st.builds(
            lambda some, one: without(*some, *one),
            st.lists(st.sampled_from(sorted(can_lack)), unique=True) if can_lack else st.just([]),
            st.sampled_from([[number] for number in sorted(must_lack)] or [[]]),
        )
        stale = st.just(lambda _entries: snapshot)
        kinds = [st.none(), partial, partial, stale, foreign, GATEWAY, st.just(Reply(None)), st.just(nothing)]
        return draw(st.one_of(st.just([]), st.lists(st.one_of(kinds), max_size=6)))

    foreign_tokens = st.lists(st.integers(1, 9), max_size=3, unique=True).map(
        lambda numbers: (
            lambda _entries: [
                token(n, agent_id=9, create_date="2020-01-01T00:00:00Z", access_token=f"foreign-{n}") for n in numbers
            ]
        )
    )
    foreign = foreign_clients(["A", "B"], st.integers(11, 16))
    first_clients = None if is_true else draw(st.one_of(st.none(), lacking(ids(clients)), st.just(nothing), GATEWAY))
    # A list that hides values, and lacks only the own token, does not show which client is the own one.
    first_tokens = None if is_true or not others else draw(st.one_of(st.none(), lacking(others), GATEWAY))
    client_lists = [first_clients, *lists(clients, foreign, {*ids(clients)}, untouched_clients)]
    must_lack = untouched_tokens or ({own_id} if own_id else set())
    token_lists = [first_tokens, *lists(tokens, foreign_tokens, others, must_lack)]
    more = {
        "client_lists": client_lists,
        "lists": token_lists,
        "me": draw(st.lists(st.one_of(st.none(), GATEWAY, st.just(Reply(None))), max_size=3)),
        "script": {
            f"DELETE oauth/{folder}/{entry['id']}": draw(st.one_of(st.just([]), DELETE_FAULTS))
            for folder, entries in (("clients", clients), ("tokens", tokens))
            for entry in entries
        },
        "interrupted_at": draw(st.sampled_from([*[None] * 20, *range(12)])),
    }
    if not is_true:
        # Nothing else prevents the run.
        more = {"client_lists": client_lists[:1], "lists": token_lists[:1]}
    return (clients, tokens, options, {**state, **more}), is_true


@settings(max_examples=2 * EXAMPLES)
@given(faulty=faulty_accounts())
def test_no_fault_deletes_what_is_not_selected_or_makes_a_result_claim_more(faulty: tuple[Scenario, bool]):
    (clients, tokens, options, state), is_true = faulty
    truth = Truth(clients, tokens, options)
    run(clients, tokens, options, state, check_mode=True)
    real, result = run(clients, tokens, options, state)
    # Only what is selected gets a DELETE, and neither the own client nor the own token.
    assert {*real.deleted_clients} <= truth.clients
    assert {*real.deleted} <= truth.tokens
    if state["own"]:
        own = next(entry for entry in tokens if entry["access_token"] == OWN)
        own_clients = {entry["id"] for entry in clients if entry["client_identifier"] == own["client_identifier"]}
        assert not own_clients & {*real.deleted_clients}
        assert own["id"] not in real.deleted
    if result is None or not is_true:
        return
    event(
        f"{'failed' if result.get('failed') else 'succeeded'}, verified={result['verified']}, {len(result['deleted'])}"
    )
    alive = {entry["id"] for entry in real.clients}
    # What is deleted, revoked or gone does not exist.
    gone = {number for number in result["already_gone"] if isinstance(number, int)}
    assert not {*ids(result["deleted"]), *gone} & alive
    assert not {*ids(result["revoked"]), *ids(result["gone"])} & real.tokens.keys()
    # Everything that is selected has an outcome.
    if real.deleted_clients or real.deleted or not result.get("failed"):
        assert {*ids(result["deleted"]), *ids(result["not_deleted"]), *gone} >= truth.clients
        assert {*ids(result["revoked"]), *ids(result["gone"]), *ids(result["not_revoked"])} >= truth.tokens
    if result["verified"]:
        assert not truth.clients & alive
        assert not truth.tokens & real.tokens.keys()
