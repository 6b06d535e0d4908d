# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any, Sequence

import pytest

from ansible_collections.zchat.admin.plugins.module_utils._api import agents as _agents
from ansible_collections.zchat.admin.plugins.module_utils._api.agents import (
    MAX_LOOKUPS,
    agent_result,
    agent_states,
    emails_of,
    find_agents,
    get_me,
    list_agents,
)
from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import (
    NOT_FOUND,
    Json,
    MockChat,
    Reply,
    agent,
    nothing,
    without,
)
from ansible_collections.zchat.admin.tests.unit.support.revoking import HTML, table

KELVIN = "\u212a"
"""The Kelvin sign. Its lower case is ``k``."""
ADA, TWIN, BOB = agent(10, "Ada@Example.com"), agent(11, "ada@example.com"), agent(20, "bob@example.com")
EVE, KATE = agent(30, "eve+?#%/../x@example.com"), agent(40, f"{KELVIN}ate@example.com")
JOSE = agent(50, "jos\u00e9@example.com")
FIRST_PAGE, SECOND_PAGE = "GET agents?since_id=1&limit=100", "GET agents?since_id=101&limit=100"
AFTER_ADA = "GET agents?since_id=11&limit=100"
LOOKUP = "GET agents/email/ada%40example.com"
MANY = [agent(number, f"agent-{number}@example.com") for number in range(1, 251)]


def ids(agents: Sequence[_agents.Agent]) -> list[int]:
    return [each.id for each in agents]


# Lookups


@pytest.mark.parametrize("order", ["one by one", "from the list"])
@pytest.mark.parametrize(
    ("emails", "numbers", "found", "unknown"),
    [
        (["BOB@EXAMPLE.COM", "EVE+?#%/../x@example.com"], [], [20, 30], []),
        (["bob@example.com", "BOB@EXAMPLE.COM"], [], [20], []),
        (["nobody@example.com", "bob@example.com"], [], [20], ["nobody@example.com"]),
        (["bob@example.com"], [20, 10, 99], [10, 20], [99]),
        # Several agents have the address. One by one, the list is read because of the other one.
        (["ADA@example.com", "x@example.com"], [], [10, 11], ["x@example.com"]),
        # Only the case of ASCII letters is ignored, and nothing is normalized.
        (["kate@example.com"], [], [], ["kate@example.com"]),
        (["jose\u0301@example.com"], [], [], ["jose\u0301@example.com"]),
        ([], [], [], []),
    ],
)
def test_lookups_one_by_one_and_from_the_list_have_the_same_result(
    order: str, emails: Any, numbers: Any, found: Any, unknown: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(_agents, "MAX_LOOKUPS", MAX_LOOKUPS if order == "one by one" else -1)
    result = find_agents(MockChat(agents=[ADA, TWIN, BOB, EVE, KATE, JOSE]), emails=emails, ids=numbers)
    assert (ids(result.agents), [*result.unknown_emails, *result.unknown_ids]) == (found, unknown)
    assert any("Several agents have the address ADA@" in text for text in result.warnings()) is (11 in found)


@pytest.mark.parametrize(
    "value",
    [
        *("5", "ada", "<a@b.c>", "mailto:a@b.c", "Ada <ada@example.com>", "a@b.c,d@e.f", "a@b;c@d", "a@b@c", "@b.c"),
        *("a@", '["a@b.c"]', "a\x00@b.c", "a\n@b.c", "a\u200b@b.c", "a\ud800@b.c", " "),
    ],
)
def test_a_value_that_is_not_one_plain_address_is_rejected(value: str):
    with pytest.raises(ChatError, match="'agent_emails' contains") as caught:
        emails_of({"agent_emails": ["ok@example.com", value]}, "agent_emails")
    assert caught.value.msg.isprintable()


@pytest.mark.parametrize(
    ("email", "listed", "shown"),
    [
        ("am\u00e9lie@example.com", "ame\u0301lie@example.com", ("am\\u00e9lie@", "ame\\u0301lie@")),  # NFC and NFD
        ("ame\u0301lie@example.com", "am\u00e9lie@example.com", ("ame\\u0301lie@", "am\\u00e9lie@")),
        ("AM\u00c9LIE@example.com", "am\u00e9lie@example.com", ("AM\\u00c9LIE@", "am\\u00e9lie@")),
        ("paul@example.com", "p\u0430ul@example.com", ("paul@", "p\\u0430ul@")),  # Cyrillic
        ("paul@example.com", "paul\u200b@example.com", ("paul@", "paul\\u200b@")),  # invisible
        ("\uff50aul@example.com", "paul@example.com", ("\\uff50aul@", "paul@")),  # full width
        ("p\U0001d41aul@example.com", "paul@example.com", ("p\\u1d41aul@", "paul@")),  # mathematical
    ],
)
def test_an_address_that_only_looks_like_another_one_is_shown_with_code_points(email: str, listed: str, shown: Any):
    agents = [agent(1, "own@example.com"), agent(7, listed), agent(8, "p\u00efa@example.com"), agent(9, None)]
    found = find_agents(MockChat(agents=agents), emails=[email])
    assert (found.agents, found.unknown_emails) == ([], [email])
    (warning,) = found.warnings()
    assert f"{shown[0]}example.com" in warning
    assert f"Check for typos. Similar, but not the same: {shown[1]}example.com of agent 7. If" in warning


def test_if_the_api_distinguishes_case_the_lower_case_is_found_too():
    client = MockChat(agents=[BOB], script={"GET agents/email/Bob%40Example.com": [Reply(404, NOT_FOUND)]})
    assert ids(find_agents(client, emails=["Bob@Example.com"]).agents) == [20]
    assert client.lines == ["GET agents/email/Bob%40Example.com", "GET agents/email/bob%40example.com"]


@pytest.mark.parametrize("reply", [Reply(404, HTML), Reply(200, BOB), Reply(200, agent(40, None))])
def test_an_agent_is_unknown_only_if_the_list_lacks_it_too(reply: Reply):
    script = {LOOKUP: [reply] * 2, "GET agents/10": [Reply(404, HTML)]}
    for wanted in ({"emails": ["ada@example.com"]}, {"ids": [10]}):
        assert ids(find_agents(MockChat(agents=[ADA], script=script), **wanted).agents) == [10]
    client = MockChat(agents=[BOB, EVE], script=script)
    assert find_agents(client, emails=["ada@example.com"]).unknown_emails == ["ada@example.com"]
    assert client.lines == [LOOKUP, FIRST_PAGE, "GET agents?since_id=31&limit=100", "GET agents/me"]


@pytest.mark.parametrize(
    ("body", "is_clear"),
    [(NOT_FOUND, True), (b"", False), (HTML, False), ({"message": "no route"}, False), (None, False)],
)
def test_a_404_that_the_api_does_not_send_shows_nothing_about_an_agent(body: Any, is_clear: bool):
    script = {line: [Reply(404, body)] for line in (LOOKUP, "GET agents/99", "GET agents/98")}
    script["GET agents/98"] = [Reply(404, NOT_FOUND)]
    found = find_agents(MockChat(agents=[BOB], script=script), emails=["ada@example.com"], ids=[98, 99])
    assert (found.unknown_emails, found.unknown_ids) == (["ada@example.com"], [98, 99] if is_clear else [98])
    assert found.unclear == ([] if is_clear else ["ada@example.com", 99])
    assert any("unknown whether agent ada@example.com, 99 exists" in text for text in found.warnings()) is not is_clear
    assert agent_states(MockChat(agents=[BOB], script=script), [20, 98, 99], 20) == {
        20: "enabled",
        98: "missing",
        99: "missing" if is_clear else "unknown",
    }


@pytest.mark.parametrize("count", [1, MAX_LOOKUPS + 1])
@pytest.mark.parametrize(
    ("agents", "script", "reason"),
    [
        ([ADA], {}, "lacks agent 20"),
        ([ADA, BOB], {"GET agents/me": [Reply(500)]}, "HTTP 500"),
        ([ADA, BOB], {FIRST_PAGE: [Reply(403)]}, "HTTP 403"),
        ([ADA, BOB], {"GET agents/email/x0%40example.com": [Reply(401)]}, "HTTP 401"),
        ([ADA, BOB], {"GET agents/email/x0%40example.com": [Reply(None)]}, "No response"),
    ],
)
def test_a_list_or_lookup_that_does_not_show_unknown_agents_is_an_error(agents, script, reason, count):
    emails = [f"x{number}@example.com" for number in range(count)]
    with pytest.raises(ChatError, match=reason):
        find_agents(MockChat(agents=agents, own_agent=20, script=script), emails=emails)


def test_many_agents_are_found_in_the_list_and_those_that_it_lacks_are_looked_up():
    client = MockChat(agents=MANY, script={FIRST_PAGE: [without(7)]})
    emails = [f"AGENT-{number}@example.com" for number in range(7, 58)]
    found = find_agents(client, emails=emails, ids=range(240, 250))
    assert ids(found.agents) == [*range(7, 58), *range(240, 250)]
    pages = [f"GET agents?since_id={since}&limit=100" for since in (1, 101, 201, 251)]
    assert client.lines == [*pages, "GET agents/email/AGENT-7%40example.com", "GET agents/me"]


def test_a_list_that_lacks_the_own_agent_does_not_show_who_has_an_address():
    """It is incomplete: another agent with the same address would not be protected."""
    client = MockChat(
        agents=[ADA, TWIN, BOB], own_agent=20, script={FIRST_PAGE: [without(11, 20)], AFTER_ADA: [nothing]}
    )
    with pytest.raises(ChatError, match="lacks agent 20"):
        find_agents(client, emails=["ada@example.com"], read_list=True)
    for read_list, email in ((True, "ada@example.com"), (False, "x@example.com")):
        client = MockChat(agents=[ADA, TWIN, BOB], own_agent=20, script={FIRST_PAGE: [nothing]})
        with pytest.raises(ChatError, match="lacks agent 20"):
            find_agents(client, emails=[email], read_list=read_list)


# The list


def reversed_list(entries: list[Json]) -> list[Json]:
    return entries[::-1]


def test_the_list_is_sorted_and_complete():
    assert ids(list_agents(MockChat(agents=MANY))) == list(range(1, 251))
    assert list_agents(MockChat()) == []
    # A page that is not full need not be sorted.
    assert ids(list_agents(MockChat(agents=[ADA, BOB], script={FIRST_PAGE: [reversed_list]}))) == [10, 20]


@pytest.mark.parametrize(
    ("line", "reply", "reason"),
    [
        (SECOND_PAGE, reversed_list, "not sorted by id"),
        (SECOND_PAGE, Reply(200, MANY[:100]), "repeat agents"),
        (FIRST_PAGE, Reply(200, [ADA, ADA]), "repeat agents"),
        (SECOND_PAGE, Reply(200, [], headers={"Link": '<?since_id=9>; rel="next"'}), "its 'Link' header"),
        (SECOND_PAGE, Reply(200, [], headers={"X-Total-Count": "900"}), "its 'X-Total-Count' header"),
        (FIRST_PAGE, Reply(200, {"agents": [ADA]}), "not a list"),
        (FIRST_PAGE, Reply(200, [ADA, None]), "without an integer 'id'"),
        (FIRST_PAGE, Reply(200, [agent(0, "a@example.com")]), "without an integer 'id'"),
        (FIRST_PAGE, Reply(200, [agent(True, "a@example.com")]), "without an integer 'id'"),
        (FIRST_PAGE, Reply(200, [agent(5, None, display_name=["x"])]), "the display_name of agent 5"),
        (SECOND_PAGE, Reply(503), "HTTP 503"),
    ],
)
def test_a_list_that_cannot_be_read_to_its_end_is_an_error(line: str, reply: Any, reason: str):
    client = MockChat(agents=MANY, script={line: [reply]})
    with pytest.raises(ChatError, match=reason):
        list_agents(client)
    assert len(client.lines) <= 2


@table(
    "headers, following, is_complete",
    {
        "as many": ({"X-Total-Count": "250"}, None, True),
        "fewer": ({"X-Total-Count": "100"}, nothing, True),
        "a link to the next page": ({"Link": '<?since_id=101>; rel="next"'}, None, True),
        "more": ({"X-Total-Count": "250"}, nothing, False),
        "a link to an empty page": ({"Link": '<?since_id=101>; rel="next"'}, nothing, False),
        "no number": ({"X-Total-Count": "many"}, None, False),
    },
)
def test_no_page_may_announce_more_agents_than_all_pages_contain(headers: dict[str, str], following, is_complete: bool):
    script = {FIRST_PAGE: [Reply(200, MANY[:100], headers)], SECOND_PAGE: [following]}
    client = MockChat(agents=MANY, script=script)
    if is_complete:
        assert len(list_agents(client)) == (100 if following else 250)
    else:
        with pytest.raises(ChatError, match=next(iter(headers))):
            list_agents(client)


def test_an_endless_list_is_an_error(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(_agents, "_MAX_PAGES", 2)
    with pytest.raises(ChatError, match="more than 2 pages"):
        list_agents(MockChat(agents=MANY))


# One agent


@pytest.mark.parametrize(
    ("value", "flag"), [(1, True), (0, False), (True, True), (False, False), (None, None), ("1", None), (2, None)]
)
def test_flags(value: Any, flag: bool | None):
    (found,) = list_agents(MockChat(agents=[agent(1, None, enabled=value, roles={"owner": value})]))
    assert (found.enabled, found.owner, found.administrator) == (flag, flag, None)


@pytest.mark.parametrize("entry", [{"id": 360786799676}, {"id": 1, "email": None, "roles": 5, "role_id": "x"}])
def test_each_field_except_the_id_can_be_missing(entry: Json):
    result = agent_result(get_me(MockChat(agents=[entry])))
    assert (result.pop("id"), set(result.values())) == (entry["id"], {None})
