# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which tokens match, and which options are rejected. No request is sent. For agents and ``exclude``, see test_selection.py."""

from __future__ import annotations

import pytest

from ansible_collections.zchat.admin.plugins.module_utils._api.tokens import TokenList, list_tokens
from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.module_utils._revoking.selectors import (
    CLIENT_SELECTORS,
    SELECTORS,
    Lookups,
    Selectors,
)
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import Json, MockChat, token
from ansible_collections.zchat.admin.tests.unit.support.revoking import table

NOW = 1_500_000_000.0  # 2017-07-14T02:40:00Z
TOKENS = [
    token(1, agent_id=10, client_identifier="zopim", scopes="read", create_date="2017-07-13T02:40:00Z"),
    token(2, agent_id=10, client_identifier="zendesk", scopes="read,write", expire_date="2017-07-14T02:39:59Z"),
    token(3, agent_id=20, client_identifier="Zopim", scopes="chat", expire_date="2017-07-14T02:40:00Z"),
    token(4, agent_id=20, scopes=None, create_date=None, expire_date="someday"),
    token(5, agent_id=None, client_identifier=None, access_token="shortened0...", refresh_token=None),
]


def listed(*tokens: Json, date: float | None = NOW) -> TokenList:
    return TokenList(list_tokens(MockChat(tokens or TOKENS)).items, date)


def select(options: Json, tokens: TokenList | None = None, now: float = NOW) -> tuple[list[int], str]:
    """Return the ids of the selected tokens, and the warnings."""
    found = Selectors.from_options(options, required=False).select_tokens(tokens or listed(), Lookups(), now)
    return [each.id for each in found.items], " ".join(found.warnings)


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ({"all": True}, [1, 2, 3, 4, 5]),
        ({"ids": [3, 1, 99]}, [1, 3]),
        ({"agent_ids": [10, 20]}, [1, 2, 3, 4]),
        ({"client_identifiers": [" zopim\n", "zendesk"]}, [1, 2, 4]),
        ({"scopes": ["write", "chat"]}, [2, 3, 5]),
        ({"token_values": ["refresh00000003", "access00000001\n"]}, [1, 3]),
        ({"token_values": ["shortened0-and-the-rest"]}, [5]),
        ({"expired": True}, [2]),
        ({"expired": False}, [1, 3, 5]),
        ({"age": "1d"}, [1, 2, 3, 5]),
        ({"age": "86401s"}, [2, 3, 5]),
        ({"age": "999999999w"}, []),
        ({"agent_ids": [20], "scopes": ["write"]}, []),
        *[({name: []}, []) for name, details in SELECTORS.items() if details["type"] == "list"],
    ],
)
def test_select(options: Json, ids: list[int]):
    """Values of one selector are alternatives. A token must match all selectors. An empty list selects nothing."""
    assert select(options)[0] == ids


# Options


@pytest.mark.parametrize("options", [{}, {"all": False}, {"exclude": {"ids": [1]}}])
def test_a_revocation_requires_a_selector(options: Json):
    Selectors.from_options(options, required=False)
    with pytest.raises(ChatError, match="No selector is set") as caught:
        Selectors.from_options(options, required=True)
    assert all(name in caught.value.msg for name in SELECTORS if name != "exclude")


@pytest.mark.parametrize("options", [{}, {"exclude": {"ids": [1]}}])
def test_a_deletion_of_clients_requires_a_selector(options: Json):
    with pytest.raises(ChatError, match="No selector is set") as caught:
        Selectors.from_options(options, required=True, spec=CLIENT_SELECTORS)
    assert all(name in caught.value.msg for name in CLIENT_SELECTORS if name != "exclude")
    assert "all=true" not in caught.value.msg
    for name in CLIENT_SELECTORS.keys() - {"exclude"}:
        Selectors.from_options({**options, name: []}, required=True, spec=CLIENT_SELECTORS)


@pytest.mark.parametrize("options", [{"expired": False}, {"all": False, "ids": []}])
def test_one_selector_is_sufficient(options: Json):
    Selectors.from_options({**options, "exclude": {"ids": [1]}}, required=True)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"all": True, "expired": False}, "'all' and 'expired' are both set"),
        ({"all": True, "agent_status": []}, "'all' and 'agent_status' are both set"),
        ({"ids": [1, 0]}, "'ids' must contain integers greater than 0"),
        ({"agent_emails": ["Ada <ada@example.com>"]}, "'agent_emails' contains"),
        ({"client_identifiers": ["zopim", " \n"]}, "'client_identifiers' contains an empty value"),
        ({"client_names": ["CRM sync", " \n"]}, "'client_names' contains an empty value"),
        ({"token_values": ["Bearer hush"]}, "'token_values' contains a value with a space"),
        ({"token_values": ["hush\u00e4hush"]}, "a non-ASCII character"),
        ({"age": "90"}, "'age' must be"),
        ({"expires_within": "0d"}, "'expires_within' must be"),
        ({"exclude": {}}, "'exclude' is empty, so it would protect nothing"),
        ({"exclude": {"ids": [1], "agent_emails": []}}, "'exclude.agent_emails' is empty"),
        ({"exclude": {"client_identifiers": [" "]}}, "'exclude.client_identifiers' is empty"),
        ({"exclude": {"client_names": []}}, "'exclude.client_names' is empty"),
        ({"exclude": {"client_names": [" "]}}, "'exclude.client_names' is empty"),
        ({"exclude": {"client_names": ["CRM sync", " "]}}, "'exclude.client_names' contains an empty value"),
        ({"exclude": {"client_identifiers": ["crm", ""]}}, "'exclude.client_identifiers' contains an empty value"),
        ({"exclude": {"ids": [0]}}, "'exclude.ids' must contain"),
        ({"exclude": {"agent_ids": [0]}}, "'exclude.agent_ids' must contain"),
        ({"exclude": {"agent_emails": ["5"]}}, "'exclude.agent_emails' contains"),
    ],
)
def test_invalid_options(options: Json, reason: str):
    with pytest.raises(ChatError) as caught:
        Selectors.from_options(options, required=False)
    assert reason in caught.value.msg
    assert "hush" not in caught.value.msg


def test_repr_contains_no_secret():
    assert "hush" not in repr(Selectors.from_options({"token_values": ["hush"]}, required=True))


# Dates (see also test__dates.py)

NEVER = token(1, expire_date="1970-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("options", "tokens", "ids", "warning"),
    [
        # A token without an expire_date never expires.
        ({"expired": False}, [token(1)], [1], ""),
        ({"expired": True}, [token(1)], [], ""),
        ({"expires_within": "9999w"}, [token(1)], [], ""),
        # A date that cannot be parsed, or is before the creation, matches nothing.
        ({"expired": True}, [NEVER], [], "expire_date of token 1 cannot be parsed"),
        ({"expires_within": "9999w"}, [NEVER], [], "expire_date of token 1 cannot be parsed"),
        ({"age": "1d"}, [token(1, create_date=None)], [], "create_date of token 1 is missing or cannot be parsed"),
        # Warnings name only tokens that match otherwise.
        ({"age": "1d", "ids": [1]}, TOKENS, [1], ""),
        ({"expired": True, "agent_ids": [10]}, TOKENS, [2], ""),
    ],
)
def test_missing_and_invalid_dates(options: Json, tokens: list[Json], ids: list[int], warning: str):
    selected, warnings = select(options, listed(*tokens))
    assert (selected, warning in warnings, bool(warnings)) == (ids, True, bool(warning))


def at(seconds: float) -> str:
    """Return the API date that many seconds after NOW, up to a minute."""
    return f"2017-07-14T02:{40 + seconds // 60:02.0f}:{seconds % 60:02.0f}Z"


@pytest.mark.parametrize("server", [-100.0, 0.0, 100.0])
@pytest.mark.parametrize("local", [-100.0, 0.0, 100.0])
def test_time_selectors_match_by_both_clocks(local: float, server: float):
    clocks = {local, server}
    tokens = listed(token(1, create_date=at(-900), expire_date=at(30)), date=NOW + server)
    for options, matches in (
        ({"expired": True}, min(clocks) > 30),
        ({"expired": False}, max(clocks) <= 30),
        ({"age": "900s"}, min(clocks) >= 0),
        ({"expires_within": "50s"}, all(clock <= 30 <= clock + 50 for clock in clocks)),
    ):
        assert select(options, tokens, now=NOW + local)[0] == ([1] if matches else [])


@pytest.mark.parametrize("options", [{"expired": True}, {"expired": False}, {"age": "1d"}, {"expires_within": "1d"}])
def test_a_time_selector_needs_the_clock_of_the_api(options: Json):
    with pytest.raises(ChatError, match="no valid 'Date' header"):
        select(options, listed(date=None))
    assert select({"ids": [1]}, listed(date=None)) == ([1], "")


@table(
    "options, difference, warns",
    {
        "over 5 minutes": ({"expired": True}, 301, True),
        "5 minutes": ({"age": "1d"}, -300, False),
        "the other way round": ({"expires_within": "1d"}, -301, True),
        "no selector by time": ({"ids": [1]}, 301, False),
    },
)
def test_a_difference_of_the_clocks_is_a_warning(options: Json, difference: float, warns: bool):
    assert ("clock" in select(options, listed(token(1), date=NOW + difference))[1]) is warns
