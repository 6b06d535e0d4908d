# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.zchat.admin.plugins.module_utils.errors import ChatError
from ansible_collections.zchat.admin.plugins.module_utils.oauth_tokens import (
    is_recognisable,
    is_value,
    line,
    list_tokens,
    listed,
    revoke_token,
    timestamp,
    view,
)
from ansible_collections.zchat.admin.tests.unit.support.fake_chat import FakeChat, item

SHOWN = {"id", "agent_id", "client_identifier", "create_date", "expire_date", "scopes", "token_type"}


class Answering(FakeChat):
    """Lists whatever it is given."""

    def __init__(self, answer: object) -> None:
        super().__init__([])
        self._answer = answer

    def get(self, path: str, unexpected: object) -> object:
        return self._answer


def tokens_of(*items: object) -> list:
    return list_tokens(Answering(list(items)))


def refusal(answer: object) -> str:
    with pytest.raises(ChatError) as caught:
        list_tokens(Answering(answer))
    assert caught.value.msg.startswith(
        "https://acme.zendesk.com/api/v2/chat/oauth/tokens did not answer with a list of Chat OAuth tokens: "
    )
    assert caught.value.status == 200
    # What to do is said at the end, and only once.
    assert ("Support API" in caught.value.msg) != caught.value.msg.endswith(" Check 'subdomain' or 'api_url'.")
    return caught.value.msg


def test_list_is_by_id_and_complete():
    tokens = tokens_of(item(143), item(38, expire_date="2014-09-09T17:49:20Z"))
    assert [token.id for token in tokens] == [38, 143]
    assert view(tokens[0], include_secrets=True) == item(38, expire_date="2014-09-09T17:49:20Z")
    assert listed(tokens) == {"tokens": 2, "agents": 1}
    assert listed([]) == {"tokens": 0, "agents": 0}


def test_missing_and_unknown_fields():
    (token,) = tokens_of({"id": 1, "agent_id": None, "client_identifier": None, "color": "blue"})
    assert set(view(token)) == SHOWN
    assert set(view(token, include_secrets=True)) == SHOWN | {"access_token", "refresh_token"}
    assert view(token)["scopes"] is None
    assert listed([token]) == {"tokens": 1, "agents": 0}


def test_the_same_token_twice_is_one():
    assert len(tokens_of(item(1), item(1))) == 1
    assert "token 1 twice, with different contents" in refusal([item(1), item(1, agent_id=5)])


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"tokens": [{"id": 1, "user_id": 2, "client_id": 3, "token": "abc"}]}, "Zendesk Support API"),
        ({"error": "x"}, "it answered an object"),
        ("text", "it answered a single value"),
        (None, "it answered a single value"),
        ([[1]], "not an object"),
        (["1"], "not an object"),
        (
            [{"id": 1, "user_id": 2, "client_id": 3, "token": "abc"}],
            "no agent_id and no client_identifier. This is the Zendesk",
        ),
        ([{"id": 1, "agent_id": 2}], "token 1 in it has no client_identifier."),
        ([item(1, agent_id="5")], "agent_id of token 1"),
        ([item(1, agent_id=True)], "agent_id of token 1"),
        ([item(1, client_identifier=5)], "client_identifier of token 1"),
        ([item(1, scopes=["read"])], "scopes of token 1"),
        ([item(1, access_token=5)], "access_token of token 1"),
        ([item(1, create_date={})], "create_date of token 1"),
        *[
            ([item(1), {**item(2), "id": bad}], "whole number as its id")
            for bad in [None, True, 1.0, "2", "../1", 0, -1, [1]]
        ],
        ([{"agent_id": 1, "client_identifier": "x"}], "whole number as its id"),
    ],
)
def test_what_is_not_a_chat_token_list(answer, reason):
    assert reason in refusal(answer)


def test_secrets_become_known_to_the_client():
    client = FakeChat([item(1, refresh_token=None)])
    list_tokens(client)
    assert client.secrets.scrub("it was access00000001!") == "it was ********!"


def test_nothing_that_represents_a_token_shows_a_secret():
    (token,) = tokens_of(item(1))
    for shown in (repr(token), str(view(token)), line(token)):
        assert "access0" not in shown
        assert "refresh0" not in shown


def test_line_is_one_line():
    (token,) = tokens_of(item(1, client_identifier="evil\n+ token 2", scopes="read\twrite"))
    assert line(token) == (
        "token 1; agent 10000026; client evil + token 2; scopes read write; created 2014-09-09T07:49:20Z; no expire_date"
    )


def test_lone_surrogates_do_not_get_through():
    (token,) = tokens_of(item(1, client_identifier="a\ud800\u00e4"))
    assert token.client_identifier == "a?\u00e4"


def test_revoke():
    client = FakeChat([item(7)])
    (token,) = list_tokens(client)
    assert revoke_token(client, token) is True
    assert revoke_token(client, token) is False
    assert client.deletes == [7, 7]


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        ("2014-09-09T07:49:20Z", 1410248960.0),
        ("2014-09-09T07:49:20", 1410248960.0),
        ("2014-09-09 07:49:20 UTC", 1410248960.0),
        ("2014-09-09T07:49:20.123456789Z", 1410248960.0),
        ("2014-09-09T09:49:20+02:00", 1410248960.0),
        ("2014-09-09T02:19:20-0530", 1410248960.0),
        (None, None),
        ("", None),
        ("soon", None),
        ("2014-13-09T07:49:20Z", None),
        ("2014-09-09", None),
        (1410248960, None),
    ],
)
def test_timestamp(date, seconds):
    assert timestamp(date) == seconds


@given(st.datetimes(), st.timedeltas(timedelta(hours=-14), timedelta(hours=14)))
def test_timestamp_reads_what_python_writes(moment, offset):
    offset = timedelta(minutes=offset // timedelta(minutes=1))
    moment = moment.replace(microsecond=0, tzinfo=timezone(offset))
    assert timestamp(moment.isoformat()) == (moment - datetime(1970, 1, 1, tzinfo=timezone.utc)).total_seconds()


@pytest.mark.parametrize(
    ("given_value", "listed_value", "same"),
    [
        ("abcdefghijkl", "abcdefghijkl", True),
        ("abcdefghijkl", "abcdefgh", True),
        ("abcdefghijkl", "abcdefghij...", True),
        ("abcdefghijkl", "abcdefgh****", True),
        ("abcdefghijkl", "abcdefg", False),
        ("abcdefghijkl", "********", False),
        ("abcdefgh", "abcdefghijkl", False),
        ("abcdefghijkl", "", False),
        ("abcdefghijkl", None, False),
        ("abc", "abc", True),
    ],
)
def test_is_value(given_value, listed_value, same):
    assert is_value(given_value, listed_value) is same


@pytest.mark.parametrize(
    ("value", "recognisable"), [("abcdefgh", True), ("abcdefg...", False), (None, False), ("", False)]
)
def test_is_recognisable(value, recognisable):
    (token,) = tokens_of(item(1, access_token=value))
    assert is_recognisable(token) is recognisable
