# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result of the module. For selectors see test_selection.py, for names test_names.py, for ``token_values`` test_probe.py."""

from __future__ import annotations

import pytest
import yaml

from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.modules.zchat_oauth_token_info import RETURN
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import Reply
from ansible_collections.zchat.admin.tests.unit.support.revoking import chat, ids, info, transcript


def test_without_selectors_every_token_is_returned():
    client = chat()
    result = info(client)
    assert (ids(result["tokens"]), result["own_token_id"], result["changed"]) == ([1, 2, 3, 8, 9], 9, False)
    assert (result["listed"], result["warnings"]) == ({"tokens": 5, "agents": 3, "own_only": False}, [])
    assert transcript(client) == "list 1 2 3 8 9"
    assert result == info(client, check_mode=True)


def test_the_result_has_the_documented_keys_and_secrets_only_if_requested():
    documented = yaml.safe_load(RETURN)
    result = info(chat(), names=True)
    assert result.keys() - documented.keys() == {"changed", "warnings"}
    assert {name for name, details in documented.items() if details["returned"] == "success"} <= result.keys()
    fields = documented["tokens"]["contains"].keys()
    assert result["tokens"][0].keys() == fields - {"access_token", "refresh_token"}
    assert "access0" not in str(result)
    (entry,) = info(chat(), include_secrets=True, ids=[1])["tokens"]
    assert entry.keys() == fields
    assert (entry["access_token"], entry["refresh_token"]) == ("access00000001", "refresh00000001")


def test_invalid_values_fail_before_any_request_and_a_list_that_cannot_be_read_is_an_error():
    client = chat(lists=[Reply(503)])
    with pytest.raises(ChatError, match="'age' must be"):
        info(client, age="90")
    assert client.requests == []
    with pytest.raises(ChatError, match="HTTP 503"):
        info(client)
