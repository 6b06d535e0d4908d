# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest

from ansible_collections.zchat.admin.plugins.module_utils._api.tokens import (
    Deletion,
    Token,
    diff_line,
    list_tokens,
    revoke_token,
    token_result,
)
from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import MockChat, Reply, token

LIST = "GET oauth/tokens"
SHOWN = {"id", "agent_id", "client_identifier", "create_date", "expire_date", "scopes", "token_type"}


def tokens_of(*entries: Any) -> list[Token]:
    return list(list_tokens(MockChat(script={LIST: [Reply(200, list(entries))]})).tokens)


def error_of(body: Any, **headers: str) -> str:
    with pytest.raises(ChatError) as caught:
        list_tokens(
            MockChat(script={LIST: [Reply(200, body, {name.replace("_", "-"): headers[name] for name in headers})]})
        )
    assert caught.value.status == 200
    assert "https://acme.zendesk.com/api/v2/chat/oauth/tokens" in caught.value.msg
    return caught.value.msg


# The list


def test_tokens_are_sorted_by_id():
    tokens = tokens_of(token(143), token(38, expire_date="2014-09-09T17:49:20Z"))
    assert [each.id for each in tokens] == [38, 143]
    assert token_result(tokens[0], include_secrets=True) == token(38, expire_date="2014-09-09T17:49:20Z")


def test_missing_and_unknown_fields():
    (only,) = tokens_of({"id": 1, "agent_id": None, "client_identifier": None, "color": "blue", "nested": {"id": 2}})
    assert token_result(only) == {**dict.fromkeys(SHOWN), "id": 1}
    assert set(token_result(only, include_secrets=True)) == SHOWN | {"access_token", "refresh_token"}


def test_a_date_can_be_a_number():
    assert tokens_of(token(1, create_date=1410248960))[0].create_date == 1410248960


def test_a_repeated_token_is_one_token():
    assert len(tokens_of(token(1), token(1))) == 1
    assert "token 1 twice, with different contents" in error_of([token(1), token(1, agent_id=5)])


SUPPORT_TOKEN = {"id": 1, "user_id": 2, "client_id": 3, "token": "abc"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"tokens": [SUPPORT_TOKEN]}, "Zendesk Support API"),
        ({"tokens": [token(1)]}, "Zendesk Support API"),
        (token(1), "returned an object"),
        ({"error": "x"}, "returned an object"),
        ("text", "returned a single value"),
        (None, "returned a single value"),
        ([[1]], "not an object"),
        (["1"], "not an object"),
        ([SUPPORT_TOKEN], "no agent_id and no client_identifier. This is the Zendesk Support API"),
        ([{"id": 1, "agent_id": 2}], "token 1 has no client_identifier."),
        ([token(1, agent_id="5")], "agent_id of token 1"),
        ([token(1, agent_id=True)], "agent_id of token 1"),
        ([token(1, client_identifier=5)], "client_identifier of token 1"),
        ([token(1, scopes=["read"])], "scopes of token 1"),
        ([token(1, access_token=5)], "access_token of token 1"),
        ([token(1, create_date={})], "create_date of token 1"),
        ([token(1, access_token="a-secret"), token(2, client_identifier="a-secret")], "a value of token 1 in another"),
        ([token(1, refresh_token="r-secret", scopes="r-secret")], "a value of token 1 in another"),
        *[
            ([token(1), {**token(2), "id": bad}], "without an integer 'id'")
            for bad in [None, True, 1.0, "2", "../1", 0, -1, [1]]
        ],
        ([{"agent_id": 1, "client_identifier": "x"}], "without an integer 'id'"),
        (b"<html>", "JSON"),
        (b"[", "JSON"),
    ],
)
def test_a_response_that_is_not_a_list_of_chat_tokens_is_an_error(body: Any, reason: str):
    message = error_of(body)
    assert reason in message
    assert message.endswith(" Check 'subdomain'.")


@pytest.mark.parametrize(
    "link",
    [
        '<https://acme.zendesk.com/api/v2/chat/oauth/tokens?page=2>; rel="next"',
        "<?page=1>; rel=prev, <?page=3>; rel=next",
        "<?page=2>; REL = 'next'",
        '<?page=2>; rel="last next"',
    ],
)
def test_a_list_with_a_next_page_is_an_error(link: str):
    assert "next page" in error_of([token(1)], Link=link)


def test_a_list_that_is_shorter_than_the_total_count_is_an_error():
    for total in ("2", "2, 2", "+2", '"2"', "many", "9" * 5000):
        message = error_of([token(1)], X_Total_Count=total)
        assert f"contains 1 items, and its 'X-Total-Count' header is {total[:20]!a}" in message


@pytest.mark.parametrize(
    "headers",
    [
        {"Link": '<?page=1>; rel="prev"'},
        {"Link": "<https://example.com/next>; rel=help"},
        {"X-Total-Count": "1"},
        {"X-Total-Count": "0"},
        {"X-Total-Count": ""},
    ],
)
def test_headers_of_a_complete_list(headers: dict[str, str]):
    assert len(list_tokens(MockChat([token(1)], headers=headers)).tokens) == 1


def test_the_date_of_the_list():
    headers = {"Date": "Tue, 09 Sep 2014 07:49:20 GMT"}
    assert list_tokens(MockChat(headers=headers)).date == 1410248960.0
    assert list_tokens(MockChat()).date is None


def test_lone_surrogates_are_replaced():
    assert tokens_of(token(1, client_identifier="a\ud800\u00e4"))[0].client_identifier == "a?\u00e4"


def test_a_long_list_takes_little_memory():
    body = json.dumps([token(number) for number in range(1, 5_001)]).encode()
    client = MockChat(script={LIST: [Reply(200, body)]})
    tracemalloc.start()
    try:
        tokens = list_tokens(client).tokens
        size, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(tokens) == 5_000
    assert size / len(tokens) < 500
    assert peak / len(tokens) < 1200


# One token


@pytest.mark.parametrize(
    ("listed", "matches"),
    [
        ("abcdefghijkl", True),
        ("abcdefgh", True),
        ("abcdefghij...", True),
        ("abcdefgh****", True),
        ("abcdefghij\u2026", True),
        ("abcdefg", False),
        ("abcdefg...", False),
        ("********", False),
        ("...efghijkl", False),
        ("abcdefghijklm", False),
        ("ABCDEFGHIJKL", False),
        ("", False),
        (None, False),
    ],
)
def test_a_value_matches_its_beginning(listed: str | None, matches: bool):
    (only,) = tokens_of(token(1, access_token=listed, refresh_token=listed))
    assert only.has_value("abcdefghijkl") is matches
    assert only.has_refresh_value("abcdefghijkl") is matches


def test_a_short_value_matches_only_itself():
    (only,) = tokens_of(token(1, access_token="abc"))
    assert only.has_value("abc")
    assert not only.has_value("abcd")


@pytest.mark.parametrize("scopes", ["read write", "read,write", "write, read", " read  write ", "read,,write"])
def test_scopes_are_separated_by_spaces_or_commas(scopes: str):
    assert tokens_of(token(1, scopes=scopes))[0].scope_set() == {"read", "write"}


def test_a_token_without_scopes():
    assert tokens_of(token(1, scopes=None))[0].scope_set() == frozenset()


def test_what_represents_a_token_contains_no_secret():
    (only,) = tokens_of(token(1))
    for text in (repr(only), str(token_result(only)), diff_line(only, "5", "zendesk")):
        assert "access0" not in text
        assert "refresh0" not in text


def test_diff_line_is_one_line():
    (only,) = tokens_of(token(1, scopes="read\twrite", expire_date="2014-09-09T17:49:20Z"))
    assert diff_line(only, "5 (Ada)", "evil\n+ token 2") == (
        "token 1; agent 5 (Ada); client evil + token 2; scopes read write; created 2014-09-09T07:49:20Z; "
        "expires 2014-09-09T17:49:20Z"
    )
    assert diff_line(tokens_of(token(1))[0], "5", "x").endswith("; no expire_date")


# DELETE


def revoke(reply: Reply | None, trust_any_404: bool = True) -> Deletion:
    client = MockChat([token(7)], script={"DELETE oauth/tokens/7": [reply]})
    return revoke_token(client, list_tokens(client).tokens[0], trust_any_404)


@pytest.mark.parametrize(
    ("reply", "revoked"),
    [
        (Reply(204), True),
        (Reply(200), True),
        (Reply(202, b" \n"), True),
        (Reply(200, None), True),
        (Reply(404, {"error": "Not found"}), False),
        (Reply(410), False),
        (Reply(404, repeated=True), True),
    ],
)
@pytest.mark.parametrize("trust_any_404", [True, False])
def test_a_delete_after_which_the_token_is_gone(reply: Reply, revoked: bool, trust_any_404: bool):
    deletion = revoke(reply, trust_any_404)
    assert (deletion.revoked, deletion.status) == (revoked, reply.status)


@pytest.mark.parametrize("body", [b"<html>", {"id": 7}, [], "ok", False, 0])
def test_a_2xx_with_content_has_an_unknown_outcome(body: Any):
    with pytest.raises(ChatError, match="unexpected content") as caught:
        revoke(Reply(200, body))
    assert (caught.value.status, caught.value.failure.may_be_executed) == (200, True)


@pytest.mark.parametrize("repeated", [True, False])
def test_a_404_with_html_counts_only_if_the_list_is_read_afterwards(repeated: bool):
    reply = Reply(404, b"<html>", repeated=repeated)
    assert revoke(reply).revoked is repeated
    with pytest.raises(ChatError, match="gateway") as caught:
        revoke(reply, trust_any_404=False)
    assert (caught.value.status, caught.value.failure.may_be_executed) == (404, repeated)
