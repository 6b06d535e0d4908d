# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible.module_utils.errors import AnsibleFallbackNotFound

from ansible_collections.zchat.admin.plugins.module_utils.errors import ChatError
from ansible_collections.zchat.admin.plugins.module_utils.oauth_tokens import list_tokens
from ansible_collections.zchat.admin.plugins.module_utils.selection import (
    SELECTORS,
    Selectors,
    noting_left_out,
    select,
    selectors_from,
    unmatched,
)
from ansible_collections.zchat.admin.tests.unit.support.fake_chat import FakeChat, item

NOW = 1_500_000_000.0  # 2017-07-14T02:40:00Z

TOKENS = list_tokens(
    FakeChat(
        [
            item(1, agent_id=10, client_identifier="zopim", scopes="read", create_date="2017-07-13T02:40:00Z"),
            item(2, agent_id=10, client_identifier="zendesk", scopes="read write", expire_date="2017-07-14T02:39:59Z"),
            item(3, agent_id=20, client_identifier="Zopim", scopes="chat", expire_date="2017-07-14T02:40:00Z"),
            item(4, agent_id=20, scopes=None, create_date=None, expire_date="someday"),
            item(5, agent_id=None, client_identifier=None, access_token="shortened0...", refresh_token=None),
        ]
    )
)


def chosen(**options: object) -> list[int]:
    return [token.id for token in select(TOKENS, selectors_from(options, False), NOW).tokens]


def refusal(required: bool = True, **options: object) -> str:
    with pytest.raises(ChatError) as caught:
        selectors_from(options, required)
    return caught.value.msg


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"ids": [3, 1, 99]}, [1, 3]),
        ({"agent_ids": [10]}, [1, 2]),
        ({"agent_ids": [10, 20]}, [1, 2, 3, 4]),
        ({"client_identifiers": ["zopim"]}, [1]),
        ({"client_identifiers": [" zopim\n", "zendesk"]}, [1, 2, 4]),
        ({"scopes": ["write"]}, [2, 5]),
        ({"scopes": ["write", "chat"]}, [2, 3, 5]),
        ({"token_values": ["access00000003"]}, [3]),
        ({"token_values": ["refresh00000003", "access00000001\n"]}, [1, 3]),
        ({"token_values": ["shortened0-and-the-rest"]}, [5]),
        ({"token_values": ["access0"]}, []),
        ({"expired": True}, [2]),
        ({"expired": False}, [1, 3, 4, 5]),
        ({"age": "1d"}, [1, 2, 3, 5]),
        ({"age": "86401s"}, [2, 3, 5]),
        ({"age": "147w"}, [2, 3, 5]),
        ({"age": "149w"}, []),
        ({"age": "999999999w"}, []),
        ({"agent_ids": [10], "scopes": ["write"]}, [2]),
        ({"agent_ids": [20], "scopes": ["write"]}, []),
        ({"ids": [1, 2, 3], "expired": False, "age": "1d"}, [1, 3]),
    ],
)
def test_select(options, ids):
    assert chosen(**options) == ids


@pytest.mark.parametrize("option", ["ids", "agent_ids", "client_identifiers", "scopes", "token_values"])
def test_empty_list_selects_nothing(option):
    assert chosen(**{option: []}) == []
    assert chosen(**{option: [], "expired": False}) == []
    assert selectors_from({option: []}, True) is not None


def test_addresses_select_by_the_agents_who_have_them_and_by_nothing_else():
    asked = selectors_from({"agent_emails": ["ada@example.com"]}, True)
    assert select(TOKENS, asked, NOW).tokens == []  # not looked up, or nobody has it
    assert [token.id for token in select(TOKENS, replace(asked, agents_with_emails=frozenset([20])), NOW).tokens] == [
        3,
        4,
    ]
    assert chosen(agent_emails=[]) == []


def test_no_selector_is_refused_where_one_is_required():
    message = refusal()
    assert "every token of the account" in message
    assert all(option in message for option in SELECTORS)
    assert selectors_from({}, required=False) == Selectors()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"ids": [1, 0]}, "'ids' must hold whole numbers greater than 0, and holds 0"),
        ({"ids": [True]}, "holds True"),
        ({"agent_ids": [-5]}, "'agent_ids' must hold"),
        ({"client_identifiers": [""]}, "'client_identifiers' holds an empty value"),
        ({"client_identifiers": ["zopim", " \n"]}, "'client_identifiers' holds an empty value"),
        ({"token_values": [""]}, "'token_values' holds an empty value"),
        *[
            ({"agent_emails": [bad]}, "'agent_emails' holds ")
            for bad in [
                "ada@example.com,bob@example.com",
                "ada@example.com bob@example.com",
                "Ada <ada@example.com>",
                "a@b;c@d",
            ]
        ],
        *[
            ({"age": bad}, "'age' must be")
            for bad in ["", "90", "d", "-90d", "0d", "1.5d", "90 d", "90y", "90D", "1d2h"]
        ],
    ],
)
def test_values_refused(options, reason):
    assert reason in refusal(**options)
    assert reason in refusal(required=False, **options)


@pytest.mark.parametrize("option", list(SELECTORS))
@pytest.mark.parametrize("required", [True, False])
def test_null_is_refused(option, required):
    reason = f"'{option}' is null, which could mean all or nothing."
    assert refusal(required, **{option: None}).startswith(reason)
    assert refusal(required, **{"ids": [1], "expired": True, option: None}).startswith(reason)


def test_options_left_out_are_noted():
    left_out = set()
    options = noting_left_out(left_out, SELECTORS)
    for option in ("ids", "age"):
        note, arguments = options[option]["fallback"]
        with pytest.raises(AnsibleFallbackNotFound):
            note(*arguments)
    assert left_out == {"ids", "age"}


@pytest.mark.parametrize(
    ("options", "warnings"),
    [
        ({}, []),
        ({"ids": [99], "agent_ids": [10], "client_identifiers": ["zopim"], "scopes": ["chat"]}, []),
        (
            {"agent_ids": [10, 7, 5]},
            ["No token is listed for agent 5, 7. Either none is left, or that is not the id of an agent"],
        ),
        ({"client_identifiers": ["ZOPIM", "zopim"]}, ["No token is listed for client ZOPIM. Either none is left"]),
        (
            {"token_values": ["access00000001", "hush-hush", "access0000000"]},
            ["2 of 3 'token_values' belong to no token that is listed (5 were compared). Either"],
        ),
        (
            {"agent_ids": [7], "token_values": ["hush-hush"]},
            ["No token is listed for agent 7.", "1 of 1 'token_values'"],
        ),
        ({"agent_ids": [], "token_values": []}, []),
    ],
)
def test_values_that_nothing_has_are_warned_about(options, warnings):
    found = unmatched(TOKENS, selectors_from(options, False))
    assert [text[: len(start)] for text, start in zip(found, [*warnings, *found])] == warnings
    assert "hush" not in str(found)


@pytest.mark.parametrize("value", ["hush hush", "hush\nhush", "hush\x00hush", "hush\u00e4hush", "Bearer hush"])
def test_malformed_token_values_are_refused_unshown(value):
    message = refusal(token_values=[value])
    assert message.startswith("'token_values' holds a value with a space, a control or a non-ASCII character")
    assert "hush" not in message


@pytest.mark.parametrize(
    ("age", "seconds"), [("1s", 1), ("2m", 120), ("3h", 10_800), (" 4d ", 345_600), ("5w", 3_024_000)]
)
def test_age_units(age, seconds):
    assert selectors_from({"age": age}, True).age == seconds


@pytest.mark.parametrize(
    ("options", "warning"),
    [
        (
            {"expired": True},
            "expire_date of these tokens is missing or unreadable, so they count as not expired: 1, 4, 5.",
        ),
        ({"expired": True, "agent_ids": [10]}, "so they count as not expired: 1."),
        ({"expired": False}, "so they count as not expired: 4."),
        ({"age": "1d"}, "create_date of these tokens is missing or unreadable, so 'age' leaves them out: 4."),
        ({"age": "1d", "ids": [1]}, None),
        ({"agent_ids": [20]}, None),
    ],
)
def test_dates_that_cannot_be_read_are_warned_about(options, warning):
    warnings = select(TOKENS, selectors_from(options, True), NOW).warnings
    if warning is None:
        assert warnings == []
    else:
        assert [text for text in warnings if warning in text], warnings


def test_repr_holds_no_secret():
    assert "hush" not in repr(selectors_from({"token_values": ["hush"]}, True))
