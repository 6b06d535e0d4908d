# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The list of tokens. For DELETE, see test_revocation.py."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest

from ansible_collections.zchat.admin.plugins.module_utils._api.tokens import (
    Token,
    diff_line,
    list_tokens,
    token_result,
)
from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import MockChat, Reply, token

LIST = "GET oauth/tokens"


def tokens_of(*entries: Any) -> list[Token]:
    return list(list_tokens(MockChat(script={LIST: [Reply(200, list(entries))]})).items)


def test_tokens_are_sorted_by_id_and_each_is_one_token():
    tokens = tokens_of(token(143), token(38, create_date=1410248960), token(143))
    assert [token_result(each, include_secrets=True) for each in tokens] == [
        token(38, create_date=1410248960),
        token(143),
    ]


def test_fields_can_be_missing_or_unknown_or_not_printable():
    identifier = "a\ud800\u00e4\0\x1b\n\u202e\u2066"
    (only,) = tokens_of({"id": 1, "agent_id": None, "client_identifier": identifier, "nested": {"id": 2}})
    shown = {"id", "agent_id", "client_identifier", "create_date", "expire_date", "scopes", "token_type"}
    assert token_result(only) == {**dict.fromkeys(shown), "id": 1, "client_identifier": "a?\u00e4" + 5 * "\ufffd"}


SUPPORT_TOKEN = {"id": 1, "user_id": 2, "client_id": 3, "token": "abc"}
SECOND_PAGE = '<https://acme.zendesk.com/api/v2/chat/oauth/tokens?page=2>; rel="next"'


@pytest.mark.parametrize(
    ("body", "headers", "reason"),
    [
        ({"tokens": [SUPPORT_TOKEN]}, {}, "Zendesk Support API"),
        (token(1), {}, "returned an object"),
        ({"error": "x"}, {}, "returned an object"),
        (None, {}, "returned a single value"),
        ([[1]], {}, "not an object"),
        ([SUPPORT_TOKEN], {}, "no agent_id and no client_identifier. This is the Zendesk Support API"),
        ([{"id": 1, "agent_id": 2}], {}, "token 1 has no client_identifier."),
        *[([{**token(2), "id": number}], {}, "without an integer 'id'") for number in (None, True, 1.0, "2", 0)],
        *[([token(1, agent_id=value)], {}, "agent_id of token 1") for value in ("5", True)],
        *[([token(1, **{name: 5})], {}, f"{name} of token 1") for name in ("client_identifier", "access_token")],
        ([token(1, create_date={})], {}, "create_date of token 1"),
        ([token(1), token(1, agent_id=5)], {}, "token 1 twice, with different contents"),
        ([token(1), token(1)], {"X-Total-Count": "2"}, "1 items, and its 'X-Total-Count' header is 2"),
        (b"[", {}, "JSON"),
        (b'[{"id": 1, "agent_id": 5, "agent_id": 6, "client_identifier": "x"}]', {}, "the same key twice"),
        (b'[{"id": 1, "agent_id": 5, "client_identifier": "x", "nested": {"a": 1, "a": 1}}]', {}, "the same key twice"),
        *[
            ([token(1)], {"Link": link}, "is incomplete: its 'Link' header announces a next page")
            for link in (SECOND_PAGE, "<?page=1>; rel=prev, <?page=3>; rel=next", "<?page=2>; REL = 'last next'")
        ],
        *[
            ([token(1)], {"X-Total-Count": total}, f"1 items, and its 'X-Total-Count' header is {shown}")
            for total, shown in {"2": "2", **dict.fromkeys(("2, 2", "many", "9" * 5000), "not a number")}.items()
        ],
    ],
)
def test_a_response_that_is_not_a_complete_list_of_chat_tokens_is_an_error(body: Any, headers: Any, reason: str):
    with pytest.raises(ChatError) as caught:
        list_tokens(MockChat(script={LIST: [Reply(200, body, headers)]}))
    assert (caught.value.status, reason in caught.value.msg) == (200, True)
    assert "https://acme.zendesk.com/api/v2/chat/oauth/tokens" in caught.value.msg
    assert caught.value.msg.endswith(" Check 'subdomain'.") is not bool(headers)


@pytest.mark.parametrize(
    "headers", [{"Link": "<https://example.com/next>; rel=help"}, {"X-Total-Count": "1"}, {"X-Total-Count": ""}]
)
def test_headers_of_a_complete_list(headers: dict[str, str]):
    date = {"Date": "Tue, 09 Sep 2014 07:49:20 GMT"}
    assert list_tokens(MockChat([token(1)], headers={**headers, **date})).date == 1410248960.0


def test_a_long_list_takes_little_memory():
    body = json.dumps([token(number) for number in range(1, 1_001)]).encode()
    client = MockChat(script={LIST: [Reply(200, body)]})
    tracemalloc.start()
    try:
        tokens = list_tokens(client).items
        size, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(tokens) == 1_000
    assert (size / 1_000 < 550, peak / 1_000 < 1300) == (True, True)


# One token


@pytest.mark.parametrize(
    ("listed", "value", "matches"),
    [
        *[
            (listed, "abcdefghijkl", True)
            for listed in ("abcdefghijkl", "abcdefgh...", "abcdefgh****", "abcdefgh\u2026")
        ],
        *[(listed, "abcdefghijkl", False) for listed in ("abcdefg...", "********", "...efghijkl", "abcdefghijklm")],
        *[(listed, "abcdefghijkl", False) for listed in ("ABCDEFGHIJKL", "", None)],
        *(("abc", "abc", True), ("abc", "abcd", False)),
    ],
)
def test_a_value_matches_its_beginning_of_8_characters(listed: str | None, value: str, matches: bool):
    (only,) = tokens_of(token(1, access_token=listed, refresh_token=listed))
    assert (only.has_value(value), only.has_refresh_value(value)) == (matches, matches)


@pytest.mark.parametrize("scopes", ["read write", "read,write", "write, read", None])
def test_scopes_are_separated_by_spaces_or_commas(scopes: str | None):
    assert tokens_of(token(1, scopes=scopes))[0].scope_set() == ({"read", "write"} if scopes else set())


def test_what_represents_a_token_is_one_line_without_a_secret():
    (only,) = tokens_of(token(1, scopes="read\twrite", expire_date="2014-09-09T17:49:20Z"))
    assert diff_line(only, "5 (Ada)", "evil\n+ token 2") == (
        "token 1; agent 5 (Ada); client evil + token 2; scopes read write; created 2014-09-09T07:49:20Z; "
        "expires 2014-09-09T17:49:20Z"
    )
    assert diff_line(tokens_of(token(1))[0], "5", "x").endswith("; no expire_date")
    assert repr(only) == "Token(id=1, agent_id=10000026)"
