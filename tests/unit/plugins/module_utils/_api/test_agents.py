# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.zchat.admin.plugins.module_utils._api import agents as _agents
from ansible_collections.zchat.admin.plugins.module_utils._api.agents import (
    MAX_LOOKUPS,
    Agents,
    agent_result,
    agent_states,
    emails_of,
    find_agents,
    get_agent,
    get_me,
    list_agents,
)
from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.module_utils._http.client import ChatClient
from ansible_collections.zchat.admin.plugins.module_utils._http.connection import connection_from
from ansible_collections.zchat.admin.plugins.module_utils._http.secrets import Secrets
from ansible_collections.zchat.admin.plugins.module_utils._http.sources import task_options
from ansible_collections.zchat.admin.plugins.module_utils._interruption import Interruption
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import (
    NOT_FOUND,
    Json,
    MockChat,
    Reply,
    agent,
    nothing,
    without,
)
from ansible_collections.zchat.admin.tests.unit.support.scripted_server import ScriptedServer, response

ADA, BOB, EVE = agent(10, "Ada@Example.com"), agent(20, "bob@example.com"), agent(30, "eve+chat/x@example.com")
FIRST_PAGE, SECOND_PAGE = "GET agents?since_id=1&limit=100", "GET agents?since_id=101&limit=100"
KELVIN = "\u212a"
"""The Kelvin sign. Its lower case is ``k``."""


def found_ids(found: Agents) -> list[int]:
    return [each.id for each in found.agents]


@pytest.fixture(params=["one by one", "from the list"])
def _order(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Look up the agents one by one, or read the list first: the result is the same."""
    monkeypatch.setattr(_agents, "MAX_LOOKUPS", MAX_LOOKUPS if request.param == "one by one" else -1)


# Addresses


@pytest.mark.usefixtures("_order")
@pytest.mark.parametrize(
    ("emails", "ids", "unknown"),
    [
        (["ada@example.com"], [10], []),
        (["BOB@EXAMPLE.COM", "aDA@example.com"], [10, 20], []),
        (["ada@example.com", "ADA@EXAMPLE.COM"], [10], []),
        (["eve+chat/x@example.com"], [30], []),
        (["nobody@example.com", "bob@example.com"], [20], ["nobody@example.com"]),
        ([], [], []),
    ],
)
def test_find_by_address(emails: list[str], ids: list[int], unknown: list[str]):
    found = find_agents(MockChat(agents=[ADA, BOB, EVE]), emails=emails)
    assert (found_ids(found), found.unknown_emails) == (ids, unknown)


@pytest.mark.usefixtures("_order")
def test_only_the_case_of_ascii_letters_is_ignored():
    kelvin = agent(10, f"{KELVIN}ate@example.com")
    assert find_agents(MockChat(agents=[kelvin]), emails=["kate@example.com"]).unknown_emails == ["kate@example.com"]
    assert found_ids(find_agents(MockChat(agents=[kelvin]), emails=[f"{KELVIN}ATE@example.com"])) == [10]
    kate = agent(10, "kate@example.com")
    client = MockChat(agents=[kate])
    assert find_agents(client, emails=[f"{KELVIN}ate@example.com"]).unknown_emails == [f"{KELVIN}ate@example.com"]
    assert not [line for line in client.lines if "kate" in line]
    composed, decomposed = "jos\u00e9@example.com", "jose\u0301@example.com"
    assert find_agents(MockChat(agents=[agent(10, composed)]), emails=[decomposed]).unknown_emails == [decomposed]
    assert find_agents(MockChat(agents=[agent(10, " ada@example.com")]), emails=["ada@example.com"]).unknown_emails


@pytest.mark.parametrize(
    "value",
    [
        "5",
        "True",
        "ada",
        "<a@b.c>",
        "mailto:a@b.c",
        "Ada <ada@example.com>",
        "ada@example.com,bob@example.com",
        "ada@example.com bob@example.com",
        "a@b;c@d",
        "a@b@c",
        "@b.c",
        "a@",
        '["a@b.c"]',
        "a\x00@b.c",
        "a\n@b.c",
        "a\u200b@b.c",
        "a\ud800@b.c",
        "",
        " ",
    ],
)
def test_a_value_that_is_not_one_plain_address_is_rejected(value: str):
    with pytest.raises(ChatError, match="'agent_emails' contains") as caught:
        emails_of({"agent_emails": ["ok@example.com", value]}, "agent_emails")
    assert caught.value.msg.isprintable()


def test_addresses_of_an_option():
    assert emails_of({}, "agent_emails") is None
    assert emails_of({"agent_emails": []}, "agent_emails") == frozenset()
    emails = ["a/../b@example.com", "%2e@example.com", "j\u00f6rg@example.com", "o'neil@x"]
    assert emails_of({"agent_emails": [f" {email}\n" for email in emails]}, "agent_emails") == set(emails)


@given(st.text(min_size=1, max_size=40))
def test_an_address_never_changes_the_path(text: str):
    try:
        emails = emails_of({"agent_emails": [f"{text}@example.com"]}, "agent_emails") or ()
    except ChatError:
        return
    client = MockChat(agents=[ADA])
    find_agents(client, emails=emails)
    for line in client.lines:
        if line.startswith("GET agents?") or line == "GET agents/me":
            continue
        folder, _slash, segment = line.rpartition("/")
        assert folder == "GET agents/email"
        assert not set(segment) & set("/?#\\ ;\r\n")
        assert unquote(segment).lower() == f"{text.strip()}@example.com".lower()


def test_in_the_request_line_an_address_is_one_segment():
    with ScriptedServer(response(403)) as server:
        options = {"api_url": server.url, "access_token": "t"}
        connection = connection_from([task_options(options, options)])
        with pytest.raises(ChatError, match="HTTP 403"):
            find_agents(ChatClient(connection, Secrets(), Interruption()), emails=["a/../%2e?d#e@example.com"])
        assert server.requests[0].split()[1] == "/api/v2/chat/agents/email/a%2F..%2F%252e%3Fd%23e%40example.com"


def test_if_the_api_distinguishes_case_the_lower_case_is_found_too():
    client = MockChat(agents=[BOB], script={"GET agents/email/Bob%40Example.com": [Reply(404, NOT_FOUND)]})
    assert found_ids(find_agents(client, emails=["Bob@Example.com"])) == [20]
    assert client.lines == ["GET agents/email/Bob%40Example.com", "GET agents/email/bob%40example.com"]


@pytest.mark.parametrize("reply", [Reply(404, b"<html>"), Reply(200, BOB), Reply(200, agent(40, None))])
def test_an_address_is_unknown_only_if_the_list_lacks_it_too(reply: Reply):
    script = {"GET agents/email/ada%40example.com": [reply] * 2}
    assert found_ids(find_agents(MockChat(agents=[ADA], script=script), emails=["ada@example.com"])) == [10]
    client = MockChat(agents=[BOB, EVE], script=script)
    assert find_agents(client, emails=["ada@example.com"]).unknown_emails == ["ada@example.com"]
    assert client.lines[1:] == [FIRST_PAGE, "GET agents?since_id=31&limit=100", "GET agents/me"]


@pytest.mark.parametrize("count", [1, MAX_LOOKUPS + 1])
def test_a_list_that_lacks_the_own_agent_shows_no_unknown_address(count: int):
    emails = [f"x{number}@example.com" for number in range(count)]
    for agents in ([ADA], []):
        with pytest.raises(ChatError, match="lacks agent 20"):
            find_agents(MockChat(agents=agents, own_agent=20), emails=emails)
    with pytest.raises(ChatError, match="HTTP 500"):
        find_agents(MockChat(agents=[ADA], script={"GET agents/me": [Reply(500)]}), emails=emails)


@pytest.mark.parametrize("headers", [{"Link": '<?since_id=9>; rel="next"'}, {"X-Total-Count": "900"}])
def test_a_last_page_that_announces_more_agents_is_an_error(headers: Json):
    script = {"GET agents?since_id=11&limit=100": [Reply(200, [], headers=headers)]}
    with pytest.raises(ChatError, match=r"its .(Link|X-Total-Count). header"):
        list_agents(MockChat(agents=[ADA], script=script))


def test_an_address_that_the_list_lacks_is_looked_up():
    many = [agent(number, f"agent-{number}@example.com") for number in range(1, 61)]
    emails = [str(each["email"]).upper() for each in many]
    client = MockChat(agents=many, script={FIRST_PAGE: [without(7)]})
    assert found_ids(find_agents(client, emails=[*emails, "x@example.com"])) == list(range(1, 61))
    lookups = sorted(line for line in client.lines if "/email/" in line)
    assert lookups == ["GET agents/email/AGENT-7%40EXAMPLE.COM", "GET agents/email/x%40example.com"]


@pytest.mark.parametrize("status", [401, 403, 500, None])
@pytest.mark.parametrize("line", ["GET agents/email/x%40example.com", FIRST_PAGE])
def test_a_lookup_that_fails_is_an_error(status: int | None, line: str):
    client = MockChat(agents=[ADA], script={line: [Reply(status)]})
    with pytest.raises(ChatError) as caught:
        find_agents(client, emails=["x@example.com"])
    assert caught.value.status == status


@pytest.mark.usefixtures("_order")
def test_two_agents_with_one_address_are_both_found_with_a_warning():
    # One by one, the list is read because of the other address.
    client = MockChat(agents=[ADA, agent(11, "ada@example.com"), agent(12, None)])
    found = find_agents(client, emails=["ada@example.com", "x@example.com"])
    assert (found_ids(found), found.unknown_emails) == ([10, 11], ["x@example.com"])
    assert [text for text in found.warnings() if "Several agents have the address ada@example.com" in text]


# Ids


@pytest.mark.usefixtures("_order")
def test_find_by_id_and_address():
    found = find_agents(MockChat(agents=[ADA, BOB]), emails=["bob@example.com"], ids=[20, 10, 99])
    assert (found_ids(found), found.unknown_ids) == ([10, 20], [99])


def test_an_id_is_unknown_only_if_the_list_lacks_it_too():
    script = {"GET agents/10": [Reply(404, NOT_FOUND)]}
    assert found_ids(find_agents(MockChat(agents=[ADA], script=script), ids=[10])) == [10]


def test_a_lookup_by_id_that_returns_another_agent_is_an_error():
    with pytest.raises(ChatError, match="it is agent 20"):
        get_agent(MockChat(script={"GET agents/10": [Reply(200, BOB)]}), 10)


def test_many_agents_are_found_in_the_list():
    many = [agent(number, f"agent-{number}@example.com") for number in range(1, 251)]
    client = MockChat(agents=many)
    found = find_agents(client, emails=[f"agent-{number}@example.com" for number in range(240, 250)], ids=range(1, 42))
    assert found_ids(found) == [*range(1, 42), *range(240, 250)]
    assert client.lines == [f"GET agents?since_id={since}&limit=100" for since in (1, 101, 201, 251)]


def test_after_an_error_no_further_lookup_starts():
    client = MockChat(script={f"GET agents/{number}": [Reply(401)] for number in range(1, 51)})
    with pytest.raises(ChatError, match="HTTP 401"):
        find_agents(client, ids=range(1, 51))
    assert len(client.lines) < 50


def test_threads_that_cannot_start_are_an_error(monkeypatch: pytest.MonkeyPatch):
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(ChatError, match="cannot start another thread"):
        find_agents(MockChat(agents=[ADA]), ids=[10])


def test_without_addresses_and_ids_nothing_is_requested():
    client = MockChat(agents=[ADA])
    assert find_agents(client) == Agents([], [], [], [])
    assert client.lines == []


def test_warnings():
    assert Agents().warnings() == []
    emails, ids = Agents((), ["a@example.com", "b@example.com"], [7, 8]).warnings()
    assert "address a@example.com, b@example.com" in emails
    assert "id 7, 8" in ids


# The list


def test_list_is_sorted_and_complete():
    many = [agent(number, None) for number in range(250, 0, -1)]
    assert [each.id for each in list_agents(MockChat(agents=many))] == list(range(1, 251))
    assert list_agents(MockChat()) == []


def test_a_short_page_need_not_be_sorted():
    assert [each.id for each in list_agents(MockChat(agents=[ADA, BOB], script={FIRST_PAGE: [reversed_list]}))] == [
        10,
        20,
    ]


def reversed_list(entries: list[Json]) -> list[Json]:
    return entries[::-1]


MANY = [agent(number, None) for number in range(1, 251)]


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ({FIRST_PAGE: [reversed_list]}, "not sorted by id"),
        ({SECOND_PAGE: [reversed_list]}, "not sorted by id"),
        ({SECOND_PAGE: [Reply(200, MANY[:100])]}, "repeat agents"),
        ({FIRST_PAGE: [Reply(200, [ADA, ADA])]}, "repeat agents"),
        ({FIRST_PAGE: [Reply(200, {"agents": [ADA]})]}, "not a list"),
        ({FIRST_PAGE: [Reply(200, [ADA, None])]}, "without an integer 'id'"),
        ({FIRST_PAGE: [Reply(200, [agent(0, "a@example.com")])]}, "without an integer 'id'"),
        ({FIRST_PAGE: [Reply(200, [agent(True, "a@example.com")])]}, "without an integer 'id'"),
        ({FIRST_PAGE: [Reply(200, [agent(5, None, display_name=["x"])])]}, "the display_name of agent 5"),
        ({FIRST_PAGE: [Reply(200, [{"id": 5, "email": 7}])]}, "the email of agent 5"),
        ({FIRST_PAGE: [Reply(200, b"<html>")]}, "JSON"),
        ({SECOND_PAGE: [Reply(503)]}, "HTTP 503"),
    ],
)
def test_a_list_that_cannot_be_read_to_its_end_is_an_error(script: Json, reason: str):
    client = MockChat(agents=MANY, script=script)
    with pytest.raises(ChatError, match=reason):
        list_agents(client)
    assert len(client.lines) <= 2


def test_an_endless_list_is_an_error(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(_agents, "_MAX_PAGES", 2)
    with pytest.raises(ChatError, match="more than 2 pages"):
        list_agents(MockChat(agents=MANY))


def test_states():
    agents = [agent(10, None, enabled=True), agent(20, None, enabled=0), agent(30, None, enabled=None), agent(25, None)]
    client = MockChat(agents=agents, script={FIRST_PAGE: [without(25)]})
    assert agent_states(client, [10, 20, 25, 30, 40], own_id=10) == {
        10: "enabled",
        20: "disabled",
        25: "enabled",
        30: "unknown",
        40: "missing",
    }
    assert sorted(line for line in client.lines if "since_id" not in line) == ["GET agents/25", "GET agents/40"]


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ({FIRST_PAGE: [nothing]}, "lacks agent 10, which this task authenticates as"),
        ({FIRST_PAGE: [Reply(503)]}, "HTTP 503"),
        ({"GET agents/40": [Reply(500)]}, "HTTP 500"),
        ({"GET agents/40": [Reply(200, BOB)]}, "it is agent 20"),
        ({"GET agents/40": [Reply(410)]}, "HTTP 410"),
        ({"GET agents/40": [Reply(404, b"<html>")]}, "may come from a gateway"),
        ({"GET agents/40": [Reply(404, {"error": {"title": "No help desk"}})]}, "may come from a gateway"),
    ],
)
def test_states_that_cannot_be_read_are_an_error(script: Json, reason: str):
    with pytest.raises(ChatError, match=reason):
        agent_states(MockChat(agents=[ADA], script=script), [40], own_id=10)


# One agent


def test_me():
    client = MockChat(agents=[ADA], own_agent=10)
    assert get_me(client).id == 10
    assert client.lines == ["GET agents/me"]


@pytest.mark.parametrize(
    ("value", "flag"), [(1, True), (0, False), (True, True), (False, False), (None, None), ("1", None), (2, None)]
)
def test_flags(value: Any, flag: bool | None):
    (found,) = list_agents(MockChat(agents=[agent(1, None, enabled=value, roles={"owner": value})]))
    assert (found.enabled, found.owner, found.administrator) == (flag, flag, None)


def test_each_field_except_the_id_can_be_missing():
    fields = dict.fromkeys(_agents.Agent.__dataclass_fields__)
    for entry in ({"id": 360786799676}, {"id": 1, "email": None, "roles": 5, "role_id": "x"}):
        (found,) = list_agents(MockChat(agents=[entry]))
        assert agent_result(found) == {**fields, "id": entry["id"]}


def test_lone_surrogates_are_replaced():
    (found,) = list_agents(MockChat(agents=[agent(1, "a\ud800\u00e4@example.com")]))
    assert found.email == "a?\u00e4@example.com"


def test_a_mistake_in_a_lookup_is_not_called_a_missing_thread():
    client = MockChat(agents=[ADA])

    def fail(line: str) -> None:
        raise RuntimeError("a mistake")

    client.before = fail
    with pytest.raises(RuntimeError, match="a mistake"):
        find_agents(client, emails=["ada@example.com"])
