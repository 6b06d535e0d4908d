# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.zchat.admin.plugins.module_utils import agents, errors
from ansible_collections.zchat.admin.plugins.module_utils.agents import (
    Found,
    find_agents,
    list_agents,
    resolve,
    unknown,
)
from ansible_collections.zchat.admin.plugins.module_utils.client import ChatClient
from ansible_collections.zchat.admin.plugins.module_utils.connection import connection_from
from ansible_collections.zchat.admin.plugins.module_utils.errors import ChatError
from ansible_collections.zchat.admin.plugins.module_utils.selection import Selectors
from ansible_collections.zchat.admin.tests.unit.support.fake_chat import DEFAULTS, FakeChat, agent
from ansible_collections.zchat.admin.tests.unit.support.scripted_server import ScriptedServer, answer

ADA, BOB, EVE = agent(10, "Ada@Example.com"), agent(20, "bob@example.com"), agent(30, "eve+chat/x@example.com")


def found_ids(found: Found) -> list[int]:
    return [each.id for each in found.agents]


@pytest.mark.parametrize(
    ("asked", "ids", "not_found"),
    [
        (["ada@example.com"], [10], []),
        (["BOB@EXAMPLE.COM", "aDA@example.com"], [10, 20], []),
        (["ada@example.com", "ADA@EXAMPLE.COM", " ada@example.com "], [10], []),
        (["eve+chat/x@example.com"], [30], []),
        (["nobody@example.com", "bob@example.com"], [20], ["nobody@example.com"]),
        (["ada", "..", ".", "*"], [], ["*", ".", "..", "ada"]),
        ([], [], []),
    ],
)
@pytest.mark.parametrize("others", [0, 60])
def test_addresses(asked: list[str], ids: list[int], not_found: list[str], others: int, monkeypatch: Any):
    """One by one or from the whole list, the answer is the same."""
    if others:
        monkeypatch.setattr(agents, "MOST_LOOK_UPS", -1)
    crowd = [agent(1000 + number, f"agent-{number}@example.com") for number in range(others)]
    client = FakeChat([], agents=[ADA, BOB, EVE, *crowd])
    found = find_agents(client, emails=asked)
    assert found_ids(found) == ids
    assert list(found.unknown_emails) == not_found


@given(st.text(min_size=1, max_size=40))
def test_an_address_never_changes_the_path(address: str):
    client = FakeChat([], agents=[ADA])
    find_agents(client, emails=[f"{address}@example.com", address])
    for path in client.agent_paths:
        head, slash, segment = path.rpartition("/")
        assert (head, slash) == ("agents/email", "/")
        assert segment.strip(".")
        assert not set(segment) & set("/?#\\ ;\r\n")
        assert unquote(segment).lower() in (f"{address}@example.com".lower(), address.lower())


def test_on_the_wire_an_address_is_one_segment():
    with ScriptedServer(answer(404, b"")) as server:
        connection = connection_from({**DEFAULTS, "api_url": server.url, "access_token": "t"}, {})
        find_agents(ChatClient(connection), emails=["a/../b@example.com", "%2e%2e@example.com", "c?d#e@example.com"])
        assert sorted(request.split()[1] for request in server.requests) == [
            "/api/v2/chat/agents/email/%252e%252e%40example.com",
            "/api/v2/chat/agents/email/a%2F..%2Fb%40example.com",
            "/api/v2/chat/agents/email/c%3Fd%23e%40example.com",
        ]


@pytest.mark.parametrize("body", [b"null", b"<html>", b"{", b"[]", b"5"])
def test_on_the_wire_what_is_no_agent_is_refused(body: bytes):
    with ScriptedServer(answer(200, body)) as server:
        connection = connection_from({**DEFAULTS, "api_url": server.url, "access_token": "t"}, {})
        with pytest.raises(ChatError, match="did not answer with agents of Chat: it ") as caught:
            find_agents(ChatClient(connection), emails=["ada@example.com"])
        assert caught.value.status == 200
        assert caught.value.msg.endswith(" Check 'subdomain' or 'api_url'.")


@pytest.mark.parametrize("status", [404, 410])
def test_on_the_wire_nobody_has_the_address(status: int):
    with ScriptedServer(answer(status), answer(status)) as server:
        connection = connection_from({**DEFAULTS, "api_url": server.url, "access_token": "t"}, {})
        found = find_agents(ChatClient(connection), emails=["ada@example.com"], ids=[10])
    assert (found.agents, found.unknown_emails, found.unknown_ids) == ([], ["ada@example.com"], [10])


def test_an_api_that_heeds_case_is_asked_in_lower_case_too():
    class Heedful(FakeChat):
        def find(self, path: str, unexpected: Any) -> Any:
            found = super().find(path, unexpected)
            return found if path.endswith("bob%40example.com") else None

    client = Heedful([], agents=[BOB])
    assert found_ids(find_agents(client, emails=["Bob@Example.com"])) == [20]
    assert client.agent_paths == ["agents/email/Bob%40Example.com", "agents/email/bob%40example.com"]


def test_what_cannot_be_sent_is_nobodys_address():
    client = FakeChat([], agents=[ADA])
    assert find_agents(client, emails=["\ud800@example.com"]).unknown_emails == ["\ud800@example.com"]
    assert client.agent_paths == []


def test_ids():
    client = FakeChat([], agents=[ADA, BOB])
    found = find_agents(client, emails=["bob@example.com"], ids=[20, 10, 99])
    assert (found_ids(found), found.unknown_ids) == ([10, 20], [99])
    assert len(client.agent_paths) == 4


def test_many_are_found_in_the_whole_list():
    crowd = [agent(number, f"agent-{number}@example.com") for number in range(1, 251)]
    client = FakeChat([], agents=crowd)
    found = find_agents(client, emails=[f"AGENT-{number}@example.com" for number in range(240, 260)], ids=range(1, 40))
    assert found_ids(found) == [*range(1, 40), *range(240, 251)]
    assert len(found.unknown_emails) == 9
    assert client.agent_paths == [f"agents?since_id={since}&limit=100" for since in (1, 101, 201, 251)]


def test_two_agents_with_one_address_are_both_meant(monkeypatch: Any):
    monkeypatch.setattr(agents, "MOST_LOOK_UPS", 0)
    client = FakeChat([], agents=[ADA, agent(11, "ada@example.com"), agent(12, None)])
    assert found_ids(find_agents(client, emails=["ada@example.com"])) == [10, 11]


class Pages(FakeChat):
    """Answers a page of agents as it is told to, whatever is asked."""

    def __init__(self, answers: list[Any]) -> None:
        super().__init__([])
        self.pages = answers

    def get(self, path: str, unexpected: Any) -> Any:
        self.agent_paths.append(path)
        return self.pages.pop(0) if len(self.pages) > 1 else self.pages[0]

    def find(self, path: str, unexpected: Any) -> Any:
        return self.get(path, unexpected)


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ([[ADA, BOB]], "its pages repeat"),
        ([[ADA, ADA]], "its pages repeat"),
        ([[ADA, BOB], [BOB, EVE]], "its pages repeat"),
        ([{"agents": [ADA]}], "did not answer a list"),
        ([[ADA, None]], "something that is not an object"),
        ([[agent(0, "a@example.com")]], "without a whole number as its id"),
        ([[agent(True, "a@example.com")]], "without a whole number as its id"),
        ([[{"id": 5}]], "agent 5 in it has no email"),
        ([[agent(5, "a@example.com", display_name=["x"])]], "the display_name of agent 5 in it is not text"),
        ([[agent(5, 7)]], "the email of agent 5 in it is not text"),
    ],
)
def test_a_list_that_is_none(answers: list[Any], reason: str):
    client = Pages(answers)
    with pytest.raises(ChatError, match=reason):
        list_agents(client)
    assert len(client.agent_paths) <= 2


def test_a_list_without_end(monkeypatch: Any):
    monkeypatch.setattr(agents, "_MOST_PAGES", 3)
    with pytest.raises(ChatError, match="does not end within 3 pages"):
        list_agents(Pages([[agent(number, None)] for number in range(1, 9)]))


def test_an_answer_about_somebody_else_is_refused():
    with pytest.raises(ChatError, match="answered agent 10, who has another address"):
        find_agents(Pages([ADA]), emails=["bob@example.com"])
    with pytest.raises(ChatError, match="answered agent 10"):
        find_agents(Pages([ADA]), ids=[11])


@pytest.mark.parametrize(
    ("given_flag", "flag"), [(1, True), (0, False), (True, True), (False, False), (None, None), ("1", None), (2, None)]
)
def test_flags(given_flag: Any, flag: bool | None):
    (only,) = find_agents(Pages([agent(1, "a@example.com", enabled=given_flag)]), ids=[1]).agents
    assert only.enabled is flag


def test_fields_that_are_missing_are_null():
    (only,) = find_agents(Pages([{"id": 1, "email": None, "roles": 5, "role_id": "x"}]), ids=[1]).agents
    assert agents.view(only) == {**dict.fromkeys(agents.Agent.__dataclass_fields__), "id": 1}


def test_after_a_failure_no_further_look_up_is_begun():
    class Refusing(FakeChat):
        def find(self, path: str, unexpected: Any) -> Any:
            super().find(path, unexpected)
            raise errors.ChatError("No.", 401)

    client = Refusing([])
    with pytest.raises(ChatError, match="No"):
        find_agents(client, ids=range(1, 51))
    assert len(client.agent_paths) < 50


def test_resolve():
    client = FakeChat([], agents=[ADA, BOB])
    selectors, found = resolve(client, Selectors(agent_emails=frozenset(["ada@example.com", "x@example.com"])))
    assert (selectors.agents_with_emails, found.unknown_emails) == ({10}, ["x@example.com"])
    assert len(client.agent_paths) == 2


@pytest.mark.parametrize("emails", [None, frozenset()])
def test_without_addresses_nothing_is_asked(emails: frozenset[str] | None):
    client = FakeChat([], agents=[ADA])
    selectors, found = resolve(client, Selectors(agent_emails=emails))
    assert (selectors, found) == (Selectors(agent_emails=emails), Found(()))
    assert client.agent_paths == []


def test_warnings():
    assert unknown(Found([])) == []
    emails, ids = unknown(Found([], ["a\nb@example.com", "c@example.com"], [7, 8]))
    assert emails.startswith("No agent in Chat has the address a b@example.com, c@example.com. It may be mistyped")
    assert ids == "No agent in Chat has the id 7, 8."
