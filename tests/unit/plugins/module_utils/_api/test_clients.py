# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.zchat.admin.plugins.module_utils._api.clients import (
    client_result,
    diff_line,
    get_clients,
    list_clients,
    parse_names,
    with_name,
)
from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import Json, MockChat, Reply, api_client

CRM = api_client(9213, "CRM sync", "Jm7W")
NOT_A_LIST = [{"clients": []}, ["x"], [None], None, b"<html>"]


def test_api_clients_are_sorted_by_id_and_have_the_documented_keys_without_the_secret():
    client = MockChat(clients=[CRM, {"id": 5, "client_identifier": "a\ud800", "name": None}, dict(CRM)])
    entries = list_clients(client).items
    results = [client_result(entry) for entry in entries]
    assert [entry["id"] for entry in results] == [5, 9213]
    assert results[1] == {key: value for key, value in CRM.items() if key != "client_secret"}
    assert (results[0]["client_identifier"], {*results[0].values()}) == ("a?", {5, "a?", None})
    assert "a8f3" not in str(entries) + diff_line(entries[1])


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "9213"},
        {"id": True},
        {"id": 0},
        {"client_identifier": None},
        {"client_identifier": ""},
        {"client_identifier": 5},
        {"name": 5},
        {"agent_id": "5"},
        {"client_identifier": "other"},  # the same id twice, with different contents
        {"id": 5},  # the same identifier twice
    ],
)
def test_an_item_that_is_no_api_client_is_an_error(changes: Json):
    with pytest.raises(ChatError, match="oauth/clients did not return a list of API clients"):
        list_clients(MockChat(clients=[CRM, {**CRM, **changes}]))


@pytest.mark.parametrize("missing", ["id", "client_identifier", "name"])
def test_an_item_without_a_required_key_is_an_error(missing: str):
    with pytest.raises(ChatError, match="did not return a list of API clients"):
        list_clients(MockChat(clients=[{key: value for key, value in CRM.items() if key != missing}]))


@pytest.mark.parametrize("headers", [{"X-Total-Count": "2"}, {"Link": '<x>; rel="next"'}])
def test_a_part_of_the_list_is_an_error(headers: dict[str, str]):
    with pytest.raises(ChatError, match="oauth/clients is incomplete"):
        list_clients(MockChat(script={"GET oauth/clients": [Reply(200, [CRM], headers)]}))


@pytest.mark.parametrize("body", NOT_A_LIST)
def test_a_response_that_is_not_a_list_of_clients_is_an_error(body: Any):
    for read in (list_clients, lambda client: parse_names(get_clients(client))):
        with pytest.raises(ChatError, match="oauth/clients did not return"):
            read(MockChat(script={"GET oauth/clients": [Reply(200, body)]}))


def test_names_are_read_from_a_list_that_is_too_odd_to_decide_anything():
    clients = [{**CRM, "id": None}, {"client_identifier": "a\ud800", "name": 5}, {"name": "no identifier"}]
    assert parse_names(get_clients(MockChat(clients=clients))) == [
        {"client_identifier": "Jm7W", "name": "CRM sync", "company": "Example Ltd"},
        {"client_identifier": "a?", "name": None, "company": None},
    ]


def test_a_client_secret_is_masked_wherever_it_occurs():
    client = MockChat(
        clients=[{**CRM, "client_secret": "complete-client-secret", "name": "CRM complete-client-secret"}]
    )
    list_clients(client)
    assert "complete" not in client.secrets.mask_listed("CRM complete-client-secret")


def test_a_name_counts_without_white_space_around_it_and_as_it_is_written():
    entries = list_clients(
        MockChat(clients=[CRM, api_client(2, " CRM sync\n", "b"), api_client(3, "crm sync", "c")])
    ).items
    assert [entry.id for entry in with_name(entries, "CRM sync ")] == [2, 9213]
