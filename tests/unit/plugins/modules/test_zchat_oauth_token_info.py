# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.zchat.admin.plugins.module_utils.errors import ChatError
from ansible_collections.zchat.admin.plugins.modules.zchat_oauth_token_info import run
from ansible_collections.zchat.admin.tests.unit.support.fake_chat import FakeChat, item


def info(client: FakeChat, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    return run({"include_secrets": False, **options}, client, check_mode)


def test_without_selectors_every_token_is_returned():
    client = FakeChat([item(2), item(1, agent_id=5)])
    result = info(client)
    assert [token["id"] for token in result["tokens"]] == [1, 2]
    assert (result["listed"], result["changed"]) == ({"tokens": 2, "agents": 2}, False)
    assert result == info(client, check_mode=True)
    assert "access0" not in str(result)


def test_selectors():
    result = info(FakeChat([item(1), item(2, create_date="soon")]), age="1d")
    assert [token["id"] for token in result["tokens"]] == [1]
    assert result["listed"] == {"tokens": 2, "agents": 1}
    assert len(result["warnings"]) == 1


def test_a_value_that_could_be_of_several_tokens_is_warned_about():
    client = FakeChat([item(1, access_token="leaked-to"), item(2, access_token="leaked-to"), item(3)])
    result = info(client, token_values=["leaked-token-in-full"])
    assert [token["id"] for token in result["tokens"]] == [1, 2]
    assert "cannot be told which of the tokens 1, 2 has" in result["warnings"][0]


def test_include_secrets():
    (token,) = info(FakeChat([item(1, refresh_token=None)]), include_secrets=True)["tokens"]
    assert (token["access_token"], token["refresh_token"]) == ("access00000001", None)


def test_bad_values_are_refused_before_any_request():
    client = FakeChat([item(1)])
    with pytest.raises(ChatError, match="'age' must be"):
        info(client, age="90")
    assert client.lists == []
