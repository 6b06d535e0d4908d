# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.zchat.admin.plugins.module_utils.errors import ChatError
from ansible_collections.zchat.admin.plugins.module_utils.revocation import MOST_ROUNDS, limits_from
from ansible_collections.zchat.admin.plugins.modules.zchat_oauth_token import run
from ansible_collections.zchat.admin.tests.unit.support.fake_chat import LIMITS, FakeChat, agent, item

OWN = "own-token-value"
NO = ChatError("The API said no.", 422)


def revoke(client: FakeChat, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    # Where Ansible finds no bound there is none among the options, and null is another thing.
    given = {name: value for name, value in options.items() if (name, value) != ("max_revocations", None)}
    return run({**LIMITS, **given}, client, check_mode)


def ids(entries: list[dict[str, Any]]) -> list[int]:
    return [entry["id"] for entry in entries]


def books(result: Mapping[str, Any]) -> tuple[list[int], list[int], list[int], list[int]]:
    """revoked, kept, already_absent, not_revoked"""
    return ids(result["revoked"]), ids(result["kept"]), result["already_absent"], ids(result["not_revoked"])


def test_check_then_run_then_run_again():
    client = FakeChat([item(1), item(2, agent_id=5), item(3)])
    dry = revoke(client, check_mode=True, agent_ids=[10000026])
    assert client.deletes == []
    assert (len(client.lists), client.logged) == (1, [])
    assert (dry["changed"], dry["verified"], books(dry)) == (True, False, ([1, 3], [], [], []))

    real = revoke(client, agent_ids=[10000026])
    assert sorted(client.deletes) == [1, 3]
    assert real == {**dry, "verified": True}
    assert client.logged == [
        f"revoked OAuth token {number} of agent 10000026 at https://acme.zendesk.com/api/v2/chat"
        for number in client.deletes
    ]
    assert "failed" not in real

    again = revoke(client, agent_ids=[10000026])
    assert again.pop("warnings")
    assert (again["changed"], again["verified"], books(again)) == (False, True, ([], [], [], []))
    assert len(client.lists) == 4, "nothing to revoke needs no second list"
    dry_again = revoke(client, check_mode=True, agent_ids=[10000026])
    assert dry_again.pop("warnings")
    assert again == dry_again


def test_result_of_a_revocation():
    result = revoke(FakeChat([item(1), item(2, agent_id=5)]), ids=[1])
    assert result["revoked"] == [
        {
            "id": 1,
            "agent_id": 10000026,
            "client_identifier": "zendesk",
            "create_date": "2014-09-09T07:49:20Z",
            "expire_date": None,
            "scopes": "read write",
            "token_type": "Bearer",
        }
    ]
    assert result["listed"] == {"tokens": 2, "agents": 2}
    line = "token 1; agent 10000026; client zendesk; scopes read write; created 2014-09-09T07:49:20Z; no expire_date\n"
    assert result["diff"] == {"before": line, "after": ""}


def test_ids_that_are_not_listed_are_never_sent():
    client = FakeChat([item(1)])
    result = revoke(client, ids=[1, 7, 9])
    assert client.deletes == [1]
    assert books(result) == ([1], [], [7, 9], [])
    assert (result["changed"], result["verified"]) == (True, True)


def test_a_listed_id_that_another_selector_rules_out_is_in_no_book():
    result = revoke(FakeChat([item(1, agent_id=5)]), ids=[1, 2], agent_ids=[6])
    assert books(result) == ([], [], [2], [])


def test_a_token_that_is_gone_when_its_turn_comes():
    client = FakeChat([item(1), item(2)], answers={2: [False]})
    result = revoke(client, ids=[1, 2])
    assert books(result) == ([1], [], [2], [])
    assert result["verified"] is True
    assert result["diff"]["after"] == ""


def test_gone_tokens_alone_change_nothing():
    result = revoke(FakeChat([item(1)], answers={1: [False]}), ids=[1])
    assert (result["changed"], result["verified"], books(result)) == (False, True, ([], [], [1], []))


def test_a_token_that_fails_does_not_stop_the_others():
    client = FakeChat([item(1), item(2), item(3)], answers={2: [NO]})
    result = revoke(client, ids=[1, 2, 3])
    assert books(result) == ([1, 3], [], [], [2])
    assert result["not_revoked"] == [{"id": 2, "status": 422, "msg": "The API said no."}]
    assert result["failed"] is True
    assert (result["status"], result["verified"], result["changed"]) == (422, False, True)
    assert result["msg"] == "Revoked 2 of 3 tokens. Token 2: The API said no."
    assert result["diff"]["after"].startswith("token 2;")


@pytest.mark.parametrize(("failing", "verdict"), [([1], "Revoked 0 of 1 token."), ([1, 2], "Revoked 0 of 2 tokens.")])
def test_the_verdict_counts(failing, verdict):
    client = FakeChat([item(number) for number in failing], answers={number: [NO] for number in failing})
    assert revoke(client, scopes=["read"])["msg"].startswith(f"{verdict} ")


def test_reasons_in_the_message_are_grouped_and_few():
    answers = {number: [ChatError(f"Reason {number % 5}.", 500)] for number in range(1, 21)}
    result = revoke(FakeChat([item(number) for number in range(1, 21)], answers=answers), scopes=["read"])
    assert result["msg"] == (
        "Revoked 0 of 20 tokens. Tokens 1, 6, 11, 16: Reason 1. Tokens 2, 7, 12, 17: Reason 2. "
        "Tokens 3, 8, 13, 18: Reason 3. 'not_revoked' holds 2 more reasons."
    )
    assert result["changed"] is False


def test_a_401_stops_the_rest():
    rejected = ChatError("The API rejected the access token.", 401)
    client = FakeChat([item(number) for number in range(1, 8)], answers={3: [rejected]})
    result = revoke(client, scopes=["read"], concurrency=1)
    assert client.deletes == [1, 2, 3]
    assert books(result) == ([1, 2], [], [], [3, 4, 5, 6, 7])
    assert [entry["status"] for entry in result["not_revoked"]] == [401, None, None, None, None]
    assert len(client.lists) == 1, "no list is read with credentials that were rejected"
    assert (result["status"], result["verified"]) == (401, False)


def test_own_token_is_refused():
    client = FakeChat([item(1), item(2, access_token=OWN)])
    for check_mode in (True, False):
        result = revoke(client, check_mode, scopes=["read"])
        assert client.deletes == []
        assert books(result) == ([], [], [], [1, 2])
        assert (
            "The selection (2 tokens) holds token 2, the very token that this task authenticates with" in result["msg"]
        )
        assert (result["failed"], result["changed"], result["verified"]) == (True, False, False)
    assert revoke(client, ids=[1])["changed"] is True


def test_own_token_is_kept():
    client = FakeChat([item(1), item(2, access_token=OWN)])
    dry = revoke(client, True, scopes=["read"], own_token="keep")
    result = revoke(client, scopes=["read"], own_token="keep")
    assert client.deletes == [1]
    assert books(dry) == books(result) == ([1], [2], [], [])
    assert result["verified"] is True
    assert dry["diff"] == result["diff"]
    assert result["diff"]["after"].startswith("token 2;")
    again = revoke(client, scopes=["read"], own_token="keep")
    assert (again["changed"], again["verified"], books(again)) == (False, True, ([], [2], [], []))


def test_own_token_is_revoked_last():
    client = FakeChat([item(1, access_token=OWN), *(item(number) for number in range(2, 12))])
    result = revoke(client, scopes=["read"], own_token="revoke")
    assert client.deletes[-1] == 1
    assert len(client.lists) == 2, "the proof is read before the own token ends"
    assert (ids(result["revoked"]), result["verified"]) == (list(range(1, 12)), True)


def test_own_token_alone():
    client = FakeChat([item(1, access_token=OWN), item(2)])
    result = revoke(client, ids=[1], own_token="revoke")
    assert (client.deletes, len(client.lists), result["verified"]) == ([1], 1, True)
    client = FakeChat([item(1, access_token=OWN), item(2)])
    assert revoke(client, ids=[1], own_token="revoke", verify=False)["verified"] is False


def test_own_token_is_held_back_while_others_failed():
    client = FakeChat([item(1, access_token=OWN), item(2)], answers={2: [NO]})
    result = revoke(client, scopes=["read"], own_token="revoke")
    assert client.deletes == [2]
    assert books(result) == ([], [], [], [1, 2])
    assert "still needed to finish the rest" in result["not_revoked"][0]["msg"]


def test_own_token_listed_shortened_is_recognised():
    client = FakeChat([item(1, access_token="own-token-"), item(2)])
    assert "token 1, the very token" in revoke(client, scopes=["read"])["msg"]


def test_own_token_that_cannot_be_told_from_others():
    unknown = [item(1, access_token=None), item(2, access_token="own-tok")]
    for own_token in ("refuse", "keep"):
        client = FakeChat(unknown)
        result = revoke(client, ids=[1, 2], own_token=own_token)
        assert (client.deletes, result["failed"]) == ([], True)
        assert "does not list enough of the access token of 1, 2" in result["msg"]
    assert revoke(FakeChat(unknown), ids=[1], own_token="revoke")["changed"] is True
    assert revoke(FakeChat(unknown, own=None), ids=[1, 2])["changed"] is True
    recognised = FakeChat([*unknown, item(3, access_token=OWN)])
    assert revoke(recognised, ids=[1, 2])["changed"] is True


@pytest.mark.parametrize(
    "shape", ["{}********{}", "************{1}", "{}...{}", "{}\u2026{}", "[FILTERED]", "FILTERED"]
)
def test_values_that_hide_their_beginning_may_hide_the_own_token(shape):
    hidden = [item(1, access_token=shape.format(OWN[:4], OWN[-4:])), item(2, access_token=shape.format("abcd", "efgh"))]
    for own_token in ("refuse", "keep"):
        client = FakeChat(hidden)
        result = revoke(client, ids=[1], own_token=own_token)
        assert (client.deletes, books(result)[3]) == ([], [1])
        assert "does not list enough of the access token of 1" in result["msg"]
    assert revoke(FakeChat(hidden), ids=[1], own_token="revoke")["changed"] is True


def test_several_tokens_that_could_be_the_own_one_are_not_kept():
    client = FakeChat([item(1, access_token="own-token"), item(2, access_token="own-token-"), item(3)])
    for check_mode in (True, False):
        result = revoke(client, check_mode, scopes=["read"], own_token="keep")
        assert client.deletes == []
        assert (books(result), result["verified"]) == (([], [], [], [1, 2, 3]), False)
        assert "cannot be told which of the tokens 1, 2 is the one that this task authenticates with" in result["msg"]


def test_a_value_that_could_be_of_several_tokens():
    alike = [item(1, access_token="leaked-to"), item(2, agent_id=5, access_token="leaked-to..."), item(3)]
    for check_mode in (True, False):
        client = FakeChat(alike)
        result = revoke(client, check_mode, token_values=["leaked-token-in-full"])
        assert client.deletes == []
        assert books(result) == ([], [], [], [1, 2])
        assert "cannot be told which of the tokens 1, 2 has" in result["msg"]
    client = FakeChat(alike)
    assert books(revoke(client, token_values=["leaked-token-in-full"], agent_ids=[5]))[0] == [2]
    whole = [item(1, access_token="leaked-token"), item(2, access_token="leaked-token")]
    assert books(revoke(FakeChat(whole, own=None), token_values=["leaked-token"]))[0] == [1, 2]


def test_a_value_that_turns_out_to_be_of_several_tokens():
    alike = [item(1, access_token="leaked-to"), item(2, access_token="leaked-to")]
    client = FakeChat(alike, list_cap=1)
    result = revoke(client, token_values=["leaked-token-in-full"])
    assert client.deletes == [1]
    assert books(result) == ([1], [], [], [2])
    assert "cannot be told which of the tokens 1, 2 has" in result["msg"]


def test_basic_authentication_has_no_own_token():
    client = FakeChat([item(1)], own=None)
    assert revoke(client, ids=[1])["changed"] is True


@pytest.mark.parametrize(("most", "deletes"), [(0, []), (1, []), (2, [1, 2]), (3, [1, 2])])
def test_max_revocations(most, deletes):
    client = FakeChat([item(1), item(2), item(3, agent_id=5)])
    dry = revoke(client, True, agent_ids=[10000026], max_revocations=most)
    result = revoke(client, agent_ids=[10000026], max_revocations=most)
    assert sorted(client.deletes) == deletes
    assert dry.get("failed") == result.get("failed") == (None if deletes else True)
    if not deletes:
        assert dry == result
        assert f"2 tokens would be revoked, but 'max_revocations' allows only {most}." in result["msg"]
        assert result["not_revoked"][0]["msg"] == "Not attempted, since a guard stopped the task first."
        assert "Not attempted" not in result["msg"], "the guard itself is reason enough"


def test_max_revocations_lets_nothing_to_do_pass():
    assert revoke(FakeChat([item(1)]), ids=[7], max_revocations=0)["verified"] is True


def test_max_revocations_does_not_count_what_is_kept():
    client = FakeChat([item(1), item(2, access_token=OWN)])
    result = revoke(client, scopes=["read"], own_token="keep", max_revocations=0)
    assert books(result) == ([], [2], [], [1])
    assert revoke(client, scopes=["read"], own_token="keep", max_revocations=1)["verified"] is True
    client = FakeChat([item(1), item(2, access_token=OWN)])
    assert revoke(client, scopes=["read"], own_token="revoke", max_revocations=1)["failed"] is True


def test_a_list_cut_short_is_worked_through_in_rounds():
    client = FakeChat([item(number) for number in range(1, 11)], list_cap=4)
    result = revoke(client, scopes=["read"])
    assert sorted(client.deletes) == list(range(1, 11))
    assert (ids(result["revoked"]), result["verified"]) == (list(range(1, 11)), True)
    assert result["listed"] == {"tokens": 4, "agents": 1}
    assert len(client.lists) == 4


def test_an_id_listed_only_later_is_not_called_absent():
    client = FakeChat([item(number) for number in range(1, 4)], list_cap=2)
    assert books(revoke(client, ids=[1, 2, 3, 9])) == ([1, 2, 3], [], [9], [])


def test_max_revocations_counts_over_all_rounds():
    client = FakeChat([item(number) for number in range(1, 11)], list_cap=4)
    result = revoke(client, scopes=["read"], max_revocations=6)
    assert books(result) == ([1, 2, 3, 4], [], [], [5, 6, 7, 8])
    assert "8 tokens would be revoked" in result["msg"]


def test_own_token_found_in_a_later_round():
    items = [item(1), item(2, access_token=OWN), item(3)]
    assert books(revoke(FakeChat(items, list_cap=1), scopes=["read"])) == ([1], [], [], [2])
    client = FakeChat(items, list_cap=1)
    assert books(revoke(client, scopes=["read"], own_token="revoke")) == ([1, 2], [], [], [])
    client = FakeChat(items, list_cap=2)
    assert books(revoke(client, scopes=["read"], own_token="keep")) == ([1, 3], [2], [], [])


def test_rounds_have_an_end():
    client = FakeChat([item(number) for number in range(1, 40)], list_cap=1)
    result = revoke(client, scopes=["read"])
    assert client.deletes == list(range(1, MOST_ROUNDS + 1))
    assert books(result) == (list(range(1, MOST_ROUNDS + 1)), [], [], [MOST_ROUNDS + 1])
    assert "after 20 rounds" in result["msg"]
    exact = FakeChat([item(number) for number in range(1, MOST_ROUNDS + 1)], list_cap=1)
    assert revoke(exact, scopes=["read"])["verified"] is True


def test_without_verify_the_list_is_read_once():
    client = FakeChat([item(1), item(2)], list_cap=1)
    result = revoke(client, scopes=["read"], verify=False)
    assert (client.deletes, len(client.lists)) == ([1], 1)
    assert (result["changed"], result["verified"]) == (True, False)
    assert "failed" not in result
    assert revoke(FakeChat([]), scopes=["read"], verify=False)["verified"] is True


def test_slow_to_vanish_is_waited_for():
    client = FakeChat([item(1)], lingering={1: 2})
    result = revoke(client, ids=[1])
    assert (result["changed"], result["verified"]) == (True, True)
    assert client.paused == [0.5, 1.0]


@pytest.mark.parametrize("answers", [{}, {1: [False]}])
def test_still_listed_is_a_failure(answers):
    client = FakeChat([item(1), item(2)], lingering={1: 99}, answers=answers)
    if answers:
        client.items[1]["agent_id"] = 10000026
    result = revoke(client, ids=[1, 2])
    assert sum(client.paused) == 5.0
    assert books(result) == ([2], [], [], [1])
    assert "still lists the token" in result["msg"]
    assert (result["not_revoked"][0]["status"], result["verified"]) == (None, False)


def test_tokens_made_meanwhile_are_revoked_too():
    client = FakeChat([item(1)])

    def mint(lists: int) -> None:
        if lists == 1:
            client.items[9] = item(9)

    client.after_list = mint
    result = revoke(client, scopes=["read"])
    assert (client.deletes, result["verified"]) == ([1, 9], True)


def test_a_list_that_cannot_be_read_again_is_no_proof():
    client = FakeChat([item(1), item(2, access_token=OWN)])
    real_get = client.get

    def get(path: str, unexpected: Any) -> Any:
        if client.deletes:
            raise ChatError("The API answered with HTTP 503.", 503)
        return real_get(path, unexpected)

    client.get = get
    result = revoke(client, scopes=["read"], own_token="revoke")
    assert books(result) == ([1], [], [], [2])
    assert (result["failed"], result["changed"], result["verified"], result["status"]) == (True, True, False, 503)
    assert (
        "could not be verified, since the list could not be read again. The API answered with HTTP 503."
        in result["msg"]
    )


def test_a_list_that_cannot_be_read_at_all():
    client = FakeChat([item(1)])
    client.get = lambda path, unexpected: {"tokens": []}
    with pytest.raises(ChatError, match="Support API"):
        revoke(client, ids=[1])
    assert client.deletes == []


@pytest.mark.parametrize(("scopes", "warned"), [("read", True), ("read write", False), (None, False)])
def test_own_token_that_may_not_revoke_is_warned_about(scopes, warned):
    client = FakeChat([item(1), item(2, access_token=OWN, scopes=scopes)])
    dry = revoke(client, True, ids=[1])
    assert [
        text for text in dry.get("warnings", []) if "Token 2, with which this task authenticates" in text
    ] or not warned
    assert ("warnings" in dry) is warned
    assert dry.get("warnings") == revoke(client, ids=[1]).get("warnings")
    assert "warnings" not in revoke(client, ids=[1])


def test_what_nothing_has_is_warned_about_once_and_not_because_it_was_revoked():
    client = FakeChat([item(1)])
    assert "warnings" not in revoke(client, agent_ids=[10000026])
    assert revoke(client, agent_ids=[10000026])["warnings"][0].startswith("No token is listed for agent 10000026.")


def test_warnings_are_given_once():
    client = FakeChat([item(1), item(2, create_date=None)])
    result = revoke(client, age="1d")
    assert (len(client.lists), len(result["warnings"])) == (2, 1)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"max_revocations": None}, "'max_revocations' is null"),
        ({"max_revocations": -1}, "0 or more"),
        ({"concurrency": 0}, "1 to 32"),
        ({"concurrency": 33}, "1 to 32"),
    ],
)
def test_limits_refused(options, reason):
    with pytest.raises(ChatError, match=reason):
        limits_from({**LIMITS, **options})


def test_interrupted():
    client = FakeChat([item(number) for number in range(1, 101)])
    real_delete = client.delete

    def delete(path: str) -> bool:
        if len(client.deletes) == 10:
            raise KeyboardInterrupt
        return real_delete(path)

    client.delete = delete
    with pytest.raises(KeyboardInterrupt):
        revoke(client, scopes=["read"], concurrency=1)
    assert client.deletes == list(range(1, 11))
    assert len(client.logged) == 10


ITEMS = st.lists(
    st.builds(
        item,
        st.integers(1, 40),
        agent_id=st.sampled_from([1, 2, None]),
        scopes=st.sampled_from(["read", "read write", "chat", None]),
        expire_date=st.sampled_from([None, "2014-09-09T17:49:20Z", "2999-09-09T17:49:20Z", "someday"]),
        access_token=st.sampled_from(["first-access-token", "first-acc", OWN, "own-token", None]),
    ),
    max_size=12,
    unique_by=lambda entry: entry["id"],
)
VALUES = {
    "ids": st.lists(st.integers(1, 45), max_size=20),
    "agent_ids": st.lists(st.sampled_from([1, 2, 3]), max_size=2),
    "agent_emails": st.lists(st.sampled_from(["one@example.com", "TWO@example.com", "x@example.com"]), max_size=2),
    "client_identifiers": st.lists(st.sampled_from(["zendesk", "zopim"]), max_size=2),
    "scopes": st.lists(st.sampled_from(["read", "write", "chat"]), max_size=2),
    "token_values": st.lists(st.sampled_from(["first-access-token", OWN]), max_size=2),
    "expired": st.booleans(),
    "age": st.sampled_from(["1d", "9999w"]),
}
# Few at a time, since the more there are, the less is left to be revoked wrongly.
CHOICES = st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=3, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: VALUES[name] for name in names})
)
OPTIONS = st.fixed_dictionaries(
    {
        "own_token": st.sampled_from(["refuse", "keep", "revoke"]),
        "max_revocations": st.sampled_from([None, 0, 1, 5]),
        "verify": st.booleans(),
        "concurrency": st.sampled_from([1, 4]),
    }
)
AGENTS = [agent(1, "one@example.com"), agent(2, "two@example.com")]
FAULTS = st.dictionaries(
    st.integers(1, 40),
    st.lists(
        st.sampled_from([NO, ChatError("rejected", 401), ChatError("no answer"), False, None]), min_size=1, max_size=2
    ),
    max_size=6,
)


def is_meant(entry: dict, choices: dict) -> bool:
    """What each selector means, told once more, and in another way, for the tokens and the values above."""
    listed_value = entry["access_token"] or ""
    answers = {
        "ids": lambda given: given.count(entry["id"]) > 0,
        "agent_ids": lambda given: given.count(entry["agent_id"]) > 0,
        "agent_emails": lambda given: any(
            one["id"] == entry["agent_id"] for email in given for one in AGENTS if one["email"] == email.lower()
        ),
        "client_identifiers": lambda given: given.count(entry["client_identifier"]) > 0,
        "scopes": lambda given: any(f" {scope} " in f" {entry['scopes']} " for scope in given),
        "token_values": lambda given: any(len(listed_value) > 8 and value.find(listed_value) == 0 for value in given),
        "expired": lambda given: given == (entry["expire_date"] == "2014-09-09T17:49:20Z"),
        "age": lambda given: given == "1d",
    }
    return all(answers[name](given) for name, given in choices.items())


@settings(max_examples=500)
@given(
    ITEMS,
    CHOICES,
    OPTIONS,
    FAULTS,
    st.sampled_from([None, 1, 5]),
    st.dictionaries(st.integers(1, 40), st.sampled_from([1, 99])),
)
def test_the_ledger_adds_up(items, choices, options, faults, list_cap, lingering):
    client = FakeChat(items, answers=faults, agents=AGENTS, list_cap=list_cap, lingering=lingering)
    options = {**choices, **options}
    before = {number: dict(entry) for number, entry in client.items.items()}
    dry = revoke(client, True, **options)
    assert client.deletes == []
    result = revoke(client, **options)
    revoked, kept, absent, not_revoked = books(result)

    meant = {number for number, entry in before.items() if is_meant(entry, choices)}
    asked = set(choices.get("ids", ()))
    assert set(client.deletes) <= meant, "a DELETE for what is not meant"
    assert {*revoked, *kept, *not_revoked} <= meant
    assert set(absent) <= meant | asked
    if list_cap is None:
        assert {*revoked, *kept, *absent, *not_revoked} == meant | (asked - before.keys())
    emails = {email.lower() for email in choices.get("agent_emails", ())}
    assert set(result["unknown_agent_emails"]) == emails - {entry["email"] for entry in AGENTS}
    entered = [*revoked, *kept, *absent, *not_revoked]
    assert len(entered) == len(set(entered)), "one token in two books"
    assert len(client.deletes) == len(set(client.deletes)), "one token deleted twice"
    dry_entered = {number for book in books(dry) for number in book}
    assert dry_entered <= set(entered), "what check mode saw must be in the result"
    assert set(client.deletes) <= set(revoked) | set(absent) | set(not_revoked)
    assert result["changed"] is bool(revoked)
    assert set(revoked) <= before.keys() - client.items.keys(), "'revoked' for what is still there"
    for number in before.keys() - client.items.keys():
        assert number in set(revoked) | set(absent) | set(not_revoked)
        assert number in client.deletes
    assert result.get("failed", False) == ("msg" in result)
    if not_revoked:
        assert result["failed"]
    if result["verified"]:
        last_list = FakeChat([before[number] for number in client.lists[-1]], agents=AGENTS)
        left = revoke(last_list, True, **{**options, "own_token": "keep", "max_revocations": None})
        assert ids(left["revoked"]) == [], "'verified' by a list that holds what is meant"
    if options["max_revocations"] is not None:
        assert len(client.deletes) <= options["max_revocations"]
    if not options["verify"]:
        assert dry["listed"] == result["listed"]
    own = [number for number, entry in before.items() if (entry["access_token"] or "") in (OWN, "own-token")]
    if options["own_token"] != "revoke":
        assert not set(own) & set(client.deletes)
    if not faults and not lingering and (list_cap is None or not options["verify"]):
        assert books(dry) == books(result)
        assert (dry["changed"], dry["diff"], dry.get("msg")) == (result["changed"], result["diff"], result.get("msg"))
        again = revoke(client, **options)
        if not result.get("failed") and list_cap is None:
            assert again["changed"] is False
            assert again["verified"] is True
