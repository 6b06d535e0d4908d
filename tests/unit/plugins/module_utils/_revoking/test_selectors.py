# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.zchat.admin.plugins.module_utils._api.tokens import TokenList, list_tokens
from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.module_utils._revoking.selectors import (
    SELECTORS,
    AgentLookups,
    Selected,
    Selectors,
    expires,
)
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import Json, MockChat, token

NOW = 1_500_000_000.0  # 2017-07-14T02:40:00Z
TOKENS = [
    token(1, agent_id=10, client_identifier="zopim", scopes="read", create_date="2017-07-13T02:40:00Z"),
    token(2, agent_id=10, client_identifier="zendesk", scopes="read,write", expire_date="2017-07-14T02:39:59Z"),
    token(3, agent_id=20, client_identifier="Zopim", scopes="chat", expire_date="2017-07-14T02:40:00Z"),
    token(4, agent_id=20, scopes=None, create_date=None, expire_date="someday"),
    token(5, agent_id=None, client_identifier=None, access_token="shortened0...", refresh_token=None),
]


def listed(*tokens: Json, date: float | None = None) -> TokenList:
    return TokenList(list_tokens(MockChat(tokens or TOKENS)).tokens, date)


def select(
    options: Json, tokens: TokenList | None = None, agents: AgentLookups | None = None, now: float = NOW
) -> Selected:
    return Selectors.from_options(options, required=False).select(tokens or listed(), agents or AgentLookups(), now)


def selected(options: Json, *arguments: Any, **named: Any) -> list[int]:
    return [each.id for each in select(options, *arguments, **named).tokens]


def error_of(options: Json, required: bool = True) -> str:
    with pytest.raises(ChatError) as caught:
        Selectors.from_options(options, required)
    return caught.value.msg


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"all": True}, [1, 2, 3, 4, 5]),
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
        ({"expired": False}, [1, 3, 5]),
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
def test_select(options: Json, ids: list[int]):
    assert selected(options) == ids


@pytest.mark.parametrize("option", [name for name, details in SELECTORS.items() if details["type"] == "list"])
def test_an_empty_list_selects_nothing(option: str):
    agents = AgentLookups(states={10: "enabled", 20: "missing"})
    assert selected({option: []}, agents=agents) == []
    assert selected({option: [], "expired": False}, agents=agents) == []
    assert Selectors.from_options({option: []}, required=True)


def test_ids_and_addresses_define_one_set_of_agents():
    agents = AgentLookups(by_email=[20])
    assert selected({"agent_emails": ["ada@example.com"]}, agents=agents) == [3, 4]
    assert selected({"agent_emails": ["ada@example.com"], "agent_ids": [10]}, agents=agents) == [1, 2, 3, 4]
    assert selected({"agent_emails": ["ada@example.com"], "agent_ids": []}, agents=agents) == [3, 4]
    assert selected({"agent_emails": ["x@example.com"]}) == [], "no agent has the address"
    assert selected({"agent_emails": ["ada@example.com"], "scopes": ["chat"]}, agents=agents) == [3]


def test_states_of_agents():
    states = {10: "disabled", 20: "missing"}
    agents = AgentLookups(states=states)
    assert selected({"agent_status": ["disabled"]}, agents=agents) == [1, 2]
    assert selected({"agent_status": ["enabled", "missing"]}, agents=agents) == [3, 4]
    selection = select({"agent_status": ["missing"]}, agents=agents)
    assert [text for text in selection.warnings if "Token 5 has no agent_id" in text]
    selection = select({"agent_status": ["enabled"]}, agents=AgentLookups(states={10: "unknown", 20: "enabled"}))
    assert [each.id for each in selection.tokens] == [3, 4]
    assert [text for text in selection.warnings if "agent 10" in text]


# The protect list


@pytest.mark.parametrize(
    ("exclude", "excluded"),
    [
        ({"ids": [1, 99]}, [1]),
        ({"agent_ids": [10]}, [1, 2]),
        ({"agent_emails": ["ada@example.com"]}, [3, 4]),
        ({"client_identifiers": ["zopim"]}, [1]),
        ({"ids": [5], "client_identifiers": ["zopim"]}, [1, 5]),
    ],
)
def test_exclude_protects_tokens_that_match_any_of_it(exclude: Json, excluded: list[int]):
    agents = AgentLookups(protected=[20])
    agents = agents if "agent_emails" in exclude else AgentLookups()
    selection = select({"all": True, "exclude": exclude}, agents=agents)
    assert [each.id for each in selection.excluded] == excluded
    assert [each.id for each in selection.tokens] == sorted({1, 2, 3, 4, 5} - set(excluded))
    selection = select({"ids": [2], "exclude": {"ids": [1]}})
    assert ([each.id for each in selection.tokens], selection.excluded) == ([2], []), (
        "only what is selected is excluded"
    )


@pytest.mark.parametrize("exclude", [{}, {"ids": []}, {"ids": [1], "agent_emails": []}])
def test_a_protect_list_that_protects_nothing_is_an_error(exclude: Json):
    assert "would protect nothing" in error_of({"all": True, "exclude": exclude})


@pytest.mark.parametrize("exclude", [{"agent_ids": [0]}, {"agent_emails": ["5"]}, {"client_identifiers": [" "]}])
def test_an_invalid_protect_list_is_an_error(exclude: Json):
    assert f"'exclude.{next(iter(exclude))}' " in error_of({"all": True, "exclude": exclude})


# Options


def test_at_least_one_selector_is_required():
    for options in ({}, {"all": False}, {"exclude": {"ids": [1]}}):
        message = error_of(options)
        assert all(name in message for name in SELECTORS if name != "exclude")
        Selectors.from_options(options, required=False)
    Selectors.from_options({"expired": False}, required=True)


@pytest.mark.parametrize("other", [{"ids": [1]}, {"expired": False}, {"age": "1d"}, {"agent_status": []}])
def test_all_is_the_only_selector(other: Json):
    assert f"'all' and '{next(iter(other))}' are both set" in error_of({"all": True, **other})
    Selectors.from_options({"all": True, "exclude": {"ids": [1]}}, required=True)
    Selectors.from_options({"all": False, **other}, required=True)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"ids": [1, 0]}, "'ids' must contain integers greater than 0"),
        ({"agent_ids": [-5]}, "'agent_ids' must contain"),
        ({"agent_emails": ["Ada <ada@example.com>"]}, "'agent_emails' contains"),
        ({"client_identifiers": ["zopim", " \n"]}, "'client_identifiers' contains an empty value"),
        ({"token_values": [""]}, "'token_values' contains an empty value"),
        ({"age": "90"}, "'age' must be"),
        ({"expires_within": "0d"}, "'expires_within' must be"),
    ],
)
@pytest.mark.parametrize("required", [True, False])
def test_invalid_values(options: Json, reason: str, required: bool):
    assert reason in error_of(options, required)


@pytest.mark.parametrize("value", ["hush hush", "hush\nhush", "hush\x00hush", "hush\u00e4hush", "Bearer hush"])
def test_malformed_token_values_are_not_shown(value: str):
    message = error_of({"token_values": [value]})
    assert "'token_values' contains" in message
    assert "hush" not in message


def test_repr_contains_no_secret():
    assert "hush" not in repr(Selectors.from_options({"token_values": ["hush"]}, required=True))


# Dates


@pytest.mark.parametrize(
    ("create_date", "expire_date"),
    [
        ("2014-09-09T07:49:20Z", "0001-01-01T00:00:00Z"),
        ("2014-09-09T07:49:20Z", "1970-01-01T00:00:00Z"),
        ("2014-09-09T07:49:20Z", "2014-09-09T07:49:19Z"),
        (None, "0001-01-01T00:00:00Z"),
        (None, "1970-01-01T00:00:00Z"),
        ("soon", "1970-01-01T00:00:00Z"),
        (None, "soon"),
        (None, 0),
    ],
)
def test_a_date_that_cannot_be_parsed_or_means_never(create_date: str | None, expire_date: Any):
    tokens = listed(token(1, create_date=create_date, expire_date=expire_date))
    assert expires(tokens.tokens[0]) is None
    for options in ({"expired": True}, {"expires_within": "9999w"}, {"expired": False}):
        selection = select(options, tokens)
        assert selection.tokens == []
        assert [text for text in selection.warnings if "expire_date of token 1 cannot be parsed" in text]


@pytest.mark.parametrize("create_date", ["2014-09-09T07:49:20Z", None])
def test_an_expiry_after_the_creation(create_date: str | None):
    tokens = listed(token(1, create_date=create_date, expire_date="2014-09-09T07:49:20Z"))
    assert expires(tokens.tokens[0]) == 1410248960.0
    assert selected({"expired": True}, tokens) == [1]


def test_a_token_without_an_expire_date_never_expires():
    tokens = listed(token(1, expire_date=None))
    assert selected({"expired": False}, tokens) == [1]
    for options in ({"expired": True}, {"expires_within": "9999w"}):
        selection = select(options, tokens)
        assert (selection.tokens, selection.warnings) == ([], [])


@pytest.mark.parametrize("create_date", [None, "soon", "2014-13-09T07:49:20Z"])
def test_a_token_without_a_valid_create_date_has_no_age(create_date: str | None):
    selection = select({"age": "1d"}, listed(token(1, create_date=create_date)))
    assert selection.tokens == []
    assert [text for text in selection.warnings if "create_date of token 1 is missing or cannot be parsed" in text]
    assert select({"ids": [1]}, listed(token(1, create_date=create_date))).warnings == []


def test_warnings_about_dates_name_only_tokens_that_match_otherwise():
    assert select({"age": "1d", "ids": [1]}).warnings == []
    assert select({"expired": True, "agent_ids": [10]}).warnings == []


def at(seconds: float) -> str:
    """Return the API date that many seconds after NOW, up to a minute."""
    return f"2017-07-14T02:{40 + seconds // 60:02.0f}:{seconds % 60:02.0f}Z"


@pytest.mark.parametrize("server", [-100.0, 0.0, 100.0, None])
@pytest.mark.parametrize("local", [-100.0, 0.0, 100.0])
def test_time_selectors_match_by_both_clocks(local: float, server: float | None):
    clocks = {local, local if server is None else server}
    tokens = listed(token(1, create_date=at(-900), expire_date=at(30)), date=None if server is None else NOW + server)
    now = NOW + local
    assert selected({"expired": True}, tokens, now=now) == ([1] if min(clocks) > 30 else [])
    assert selected({"expired": False}, tokens, now=now) == ([1] if max(clocks) <= 30 else [])
    assert selected({"age": "900s"}, tokens, now=now) == ([1] if min(clocks) >= 0 else [])
    within = all(clock <= 30 <= clock + 50 for clock in clocks)
    assert selected({"expires_within": "50s"}, tokens, now=now) == ([1] if within else [])


@pytest.mark.parametrize(("difference", "warns"), [(-301, True), (-300, False), (0, False), (300, False), (3601, True)])
@pytest.mark.parametrize("options", [{"expired": True}, {"age": "1d"}, {"expires_within": "1d"}])
def test_a_difference_of_the_clocks_is_a_warning(difference: float, warns: bool, options: Json):
    tokens = listed(token(1), date=NOW + difference)
    assert bool([text for text in select(options, tokens).warnings if "clock" in text]) is warns
    assert select({"ids": [1]}, tokens).warnings == []


# Values that no listed token has


@pytest.mark.parametrize(
    ("options", "warnings"),
    [
        ({}, []),
        ({"ids": [99], "agent_ids": [10], "client_identifiers": ["zopim"], "scopes": ["chat"]}, []),
        ({"agent_emails": ["ada@example.com"]}, []),
        ({"agent_ids": [10, 7, 5]}, ["agent 5, 7."]),
        ({"client_identifiers": ["ZOPIM", "zopim"]}, ["client ZOPIM."]),
        ({"agent_ids": [7], "client_identifiers": ["x"]}, ["agent 7.", "client x."]),
        ({"agent_ids": [], "token_values": []}, []),
        ({"exclude": {"ids": [1, 99], "client_identifiers": ["ZOPIM"]}}, ["id 99 in 'exclude'", "ZOPIM in 'exclude'"]),
    ],
)
def test_warnings_about_values_that_no_listed_token_has(options: Json, warnings: list[str]):
    found = Selectors.from_options(options, required=False).unmatched(listed())
    assert len(found) == len(warnings)
    assert all(part in text for part, text in zip(warnings, found))


def test_warning_about_token_values_that_no_listed_token_has():
    selectors = Selectors.from_options(
        {"token_values": ["access00000001", "hush-hush", "access0000000"]}, required=True
    )
    (warning,) = selectors.unmatched_values(listed())
    assert "2 of 3 'token_values'" in warning
    assert "hush" not in warning
    selectors = Selectors.from_options({"token_values": ["access00000001"]}, required=True)
    assert selectors.unmatched_values(listed()) == []


def test_values_that_several_tokens_can_have():
    alike = [token(1, access_token="leaked-to"), token(2, access_token="leaked-to..."), token(3)]
    selectors = Selectors.from_options({"token_values": ["leaked-token"]}, required=True)
    assert "tokens 1, 2" in str(selectors.ambiguous_values(listed(*alike).tokens))
    assert selectors.ambiguous_values(listed(*alike[1:]).tokens) is None
    complete = [token(1, access_token="leaked-token"), token(2, access_token="leaked-token")]
    assert selectors.ambiguous_values(listed(*complete).tokens) is None
    assert [each.id for each in selectors.with_given_values(listed(*alike).tokens)] == [1, 2]
