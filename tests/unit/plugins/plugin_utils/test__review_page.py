# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of an access review: what it states, in which order, and that it stays small. Chromium shows its look."""

from __future__ import annotations

import re

import pytest

from ansible_collections.zchat.admin.plugins.plugin_utils import _review_page
from ansible_collections.zchat.admin.plugins.plugin_utils._pages import render
from ansible_collections.zchat.admin.plugins.plugin_utils._review_page import (
    MAX_DETAILED,
    duration,
    review_page,
)
from ansible_collections.zchat.admin.tests.unit.support.review import (
    DAY,
    DELETED,
    FAILED,
    JONAS,
    LISTED,
    PRIYA,
    RECENT,
    THRESHOLDS,
    agent,
    report,
    report_of,
    token,
)

EXPIRED = {"expire_date": "2026-11-02T08:00:00Z"}
OLD = "2014-09-09T07:49:20Z"


def page_of(document):
    return review_page(document, THRESHOLDS)


def html_of(document):
    return render("review.html.j2", page_of(document))


def test_the_verdict_is_green_only_if_nothing_needs_a_decision():
    quiet = page_of(report_of(token(1)))
    assert (quiet["kind"], quiet["attention"], quiet["notes"], quiet["findings"]) == ("done", False, [], [])
    busy = page_of(report())
    assert (busy["kind"], busy["attention"]) == ("done", True)
    incomplete = page_of(report(agents=None, unknown_agent_ids=[]))
    assert (incomplete["kind"], incomplete["attention"]) == ("not-complete", False)


@pytest.mark.parametrize(
    ("changed", "parts"),
    [
        ({"agents": None, "unknown_agent_ids": []}, ["The agents could not be read."]),
        ({"listed": {**LISTED, "own_only": True}}, ["The API listed only the tokens of this run"]),
        ({"listed": {**LISTED, "own_only": None}}, ["not known whether the API lists"]),
        (
            {"listed": {**LISTED, "own_only": True}, "agents": None, "unknown_agent_ids": []},
            ["The API listed only the tokens of this run", "The agents could not be read."],
        ),
        (FAILED, [FAILED["msg"]]),
    ],
)
def test_why_it_is_not_complete_is_stated_first(changed, parts):
    page = page_of(report(**changed))
    assert len(page["notes"]) == len(parts)
    assert all(part in note for part, note in zip(parts, page["notes"]))
    html = html_of(report(**changed))
    assert html.index("<h1>NOT COMPLETE: ") < html.index(parts[0].split(".")[0]) < html.index("<main>")


def test_the_most_serious_findings_come_first():
    page = page_of(report(agents=[agent(1, "Amelie"), agent(PRIYA, enabled=False), agent(JONAS, last_login=OLD)]))
    assert [person["name"] for person in page["people"]] == ["agent 7", "Jonas Weber", "Jonas Weber", "Amelie"]
    assert [(finding["title"], finding["people"]) for finding in page["findings"]] == [
        ("Owner no longer exists", "agent 7"),
        ("Owner is disabled", "Jonas Weber"),
        ("Owner has not signed in for 90 days", "Jonas Weber"),
        ("Never expires", "Amelie"),
    ]
    # Each token counts once, so that the numbers add up to the headline.
    assert [finding["tokens"] for finding in page["findings"]] == [1, 1, 3, 1]
    assert page["headline"] == "6 tokens of 4 people, 6 need a decision"


def test_each_finding_has_its_action():
    dates = (EXPIRED, {"create_date": OLD}, {"expire_date": "2026-11-30T08:00:00Z"}, {}, {"expire_date": None})
    findings = page_of(report_of(*(token(number, **given) for number, given in enumerate(dates, 1))))["findings"]
    titles = ["Never expires", "Older than 180 days", "Expires within 14 days", "Expired"]
    assert [(finding["title"], finding["tokens"]) for finding in findings] == [(title, 1) for title in titles]
    assert all(finding["advice"] for finding in findings)


def test_of_one_person_the_tokens_that_still_work_come_first():
    dates = (EXPIRED, {"create_date": OLD}, {"expire_date": "2026-11-30T08:00:00Z"}, {}, {"expire_date": None})
    (person,) = page_of(report_of(*(token(number, **given) for number, given in enumerate(dates, 1))))["people"]
    assert [(row["ids"], row["kind"]) for row in person["rows"]] == [
        ("5", "attention"),
        ("2", "attention"),
        ("3", "minor"),
        ("1", "minor"),
    ]
    assert person["summary"] == "5 tokens, 4 need a decision"
    assert person["others"] == "No decision needed: 1 token (Chat dashboard)."


def test_of_an_expired_token_the_age_matters_less():
    (person,) = page_of(report_of(token(1, create_date=OLD, expire_date=OLD)))["people"]
    assert person["rows"][0]["reasons"] == ["Expired", "Older than 180 days"]
    assert person["rows"][0]["kind"] == "minor"


def test_the_last_sign_in_of_a_disabled_owner_is_no_second_reason():
    (person,) = page_of(report_of(token(1), agents=[agent(JONAS, enabled=False, last_login=OLD)]))["people"]
    assert person["rows"][0]["reasons"] == ["Owner is disabled"]
    assert person["facts"] == ["jonas.weber@example.com", "agent 3", "disabled in Chat", "last sign-in 9 Sep 2014"]


def test_tokens_that_need_the_same_decision_share_a_row():
    tokens = [token(number, expire_date=f"2026-11-{number:02d}T08:00:00Z", create_date=RECENT) for number in (2, 3, 12)]
    other = token(4, client_identifier="crm", scopes=None, **EXPIRED)
    (person,) = page_of(report_of(*tokens, other, own_token_id=12))["people"]
    same, one, own = sorted(person["rows"], key=lambda row: (row["own"], -len(row["ids"])))
    assert (same["ids"], same["number"]) == ("2, 3", "2 tokens")
    assert [date["text"] for date in same["expires"]] == ["2 Nov 2026", "3 Nov 2026"]
    assert [date["text"] for date in same["created"]] == ["1 Nov 2026"]
    assert (one["ids"], one["number"], one["client"], one["scopes"]) == ("4", "", "crm", "not known")
    assert (own["ids"], own["own"]) == ("12", True)
    many = page_of(report_of(*(token(number, **EXPIRED) for number in range(1, 31)), own_token_id=None))["people"][0][
        "rows"
    ]
    assert [row["ids"] for row in many] == ["1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 20 more"]


def test_dates_that_are_not_valid_are_shown_as_they_are():
    tokens = [
        token(1, expire_date=None),
        token(2, expire_date="someday"),
        token(3, expire_date=None, create_date="soon"),
    ]
    rows = page_of(report_of(*tokens))["people"][0]["rows"]
    assert [row["expires"][0]["text"] for row in rows] == ["no expiry date", "someday", "no expiry date"]
    assert rows[2]["created"] == [{"text": "soon", "datetime": ""}]


def test_people_without_a_finding_have_one_line():
    page = page_of(report_of(token(1), token(2), token(3, None, client_identifier="crm")))
    assert page["people"] == []
    assert page["rest"] == [
        {"name": "Jonas Weber", "fact": "jonas.weber@example.com", "text": "2 tokens (Chat dashboard)"},
        {"name": "Tokens without an agent", "fact": "the API returns no owner", "text": "1 token (crm)"},
    ]


def test_a_page_of_many_people_stays_small():
    owners = range(100, 100 + 3 * MAX_DETAILED)
    agents = [agent(number, f"Agent {number}", enabled=number % 3 > 0) for number in owners]
    tokens = [
        token(1000 * number + each, number, **(EXPIRED if each and number % 3 < 2 else {}))
        for number in owners
        for each in range(5)
    ]
    page = page_of(report(tokens=tokens, agents=agents))
    (expired,) = page["more"]
    assert [len(part) for part in (page["people"], expired["people"], page["rest"])] == [MAX_DETAILED] * 3
    assert {person["rows"][0]["kind"] for person in page["people"]} == {"urgent"}
    assert (expired["title"], expired["kind"]) == ("Expired", "minor")
    assert expired["people"][0] == {"name": "Agent 100", "fact": "agent.100@example.com", "text": "4 of 5 tokens"}


def test_a_page_of_10000_tokens_stays_small():
    """Also if each token has another owner, half of whom need a decision."""
    agents = [agent(number, f"Agent {number}", enabled=number % 2 > 0) for number in range(10_000)]
    page = html_of(report(tokens=[token(number, number) for number in range(10_000)], agents=agents))
    assert len(page.encode()) < 1_200_000
    few = html_of(report(tokens=[token(number, number % 50) for number in range(10_000)], agents=agents[:50]))
    assert len(few.encode()) < 100_000


def test_what_the_api_did_not_show():
    assert len(page_of(report(agents=[agent(number) for number in (1, 2, 3)]))["limits"]) == 2
    tokens = [token(1, None), token(2, create_date="soon"), token(3, expire_date="1970-01-01T00:00:00Z")]
    limits = page_of(report_of(*tokens, agents=[agent(JONAS, enabled=None, last_login=None)], clients=None))["limits"]
    text = " ".join(limits)
    for part in (
        "Whether the owner is enabled, for 1 person.",
        "Whether the owner is inactive, for 1 person.",
        "The name of the client, for 3 tokens.",
        "The owner, for 1 token.",
        "the creation date is not valid, for 1 token.",
        "Counted as never expiring: 1 token.",
    ):
        assert part in text
    assert page_of(report(**FAILED))["limits"] == []


def test_the_thresholds_are_stated():
    assert "old after 180 days, and expires soon within 14 days" in page_of(report())["thresholds"]
    for seconds, text in ((DAY, "1 day"), (36 * 3600, "36 hours"), (90, "90 seconds"), (14 * DAY, "14 days")):
        assert duration(seconds) == text


def report_tokens():
    """Tokens for every part of the page."""
    return [
        token(1, 1),
        token(2, PRIYA, **EXPIRED),
        token(3, DELETED),
        token(4, PRIYA),
        token(5, None, expire_date=None),
    ]


def test_the_page_with_more_people_is_well_formed(monkeypatch):
    monkeypatch.setattr(_review_page, "MAX_DETAILED", 1)
    html = html_of(report(tokens=report_tokens()))
    for tag in ("section", "article", "table", "tr", "td", "th", "span", "bdi", "p", "div"):
        assert len(re.findall(rf"<{tag}[ >]", html)) == html.count(f"</{tag}>")
    assert "More people with tokens that need a decision" in html
