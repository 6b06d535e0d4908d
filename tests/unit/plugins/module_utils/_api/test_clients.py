# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.zchat.admin.plugins.module_utils._api.clients import list_clients
from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import MockChat, Reply


def test_three_fields_are_returned_of_each_client_with_an_identifier():
    entry = {"id": 9213, "name": "CRM sync", "company": "Example", "client_secret": "a8f3", "client_identifier": "Jm7W"}
    clients = [entry, {"client_identifier": "a\ud800", "name": 5}, {"name": "no identifier"}]
    assert list_clients(MockChat(clients=clients)) == [
        {"client_identifier": "Jm7W", "name": "CRM sync", "company": "Example"},
        {"client_identifier": "a?", "name": None, "company": None},
    ]


@pytest.mark.parametrize("body", [{"clients": []}, ["x"], [None], None, b"<html>"])
def test_a_response_that_is_not_a_list_of_clients_is_an_error(body: Any):
    with pytest.raises(ChatError, match="oauth/clients did not return"):
        list_clients(MockChat(script={"GET oauth/clients": [Reply(200, body)]}))
