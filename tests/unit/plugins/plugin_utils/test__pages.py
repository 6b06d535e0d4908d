# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages of offboardings, reviews and summaries, as a browser reads them. Chromium shows their look."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from ansible_collections.zchat.admin.plugins.plugin_utils import _offboarding, _review
from ansible_collections.zchat.admin.plugins.plugin_utils._documents import summary_document, task_result
from ansible_collections.zchat.admin.plugins.plugin_utils._offboarding_page import offboarding_page
from ansible_collections.zchat.admin.plugins.plugin_utils._pages import moment, render, summary_page
from ansible_collections.zchat.admin.plugins.plugin_utils._review_page import MAX_DETAILED, duration, review_page
from ansible_collections.zchat.admin.tests.unit.support import offboarding, review
from ansible_collections.zchat.admin.tests.unit.support.offboarding import FAILED, ORIGIN, full_report, report
from ansible_collections.zchat.admin.tests.unit.support.review import AMELIE, JONAS, OLD, PRIYA, TOKENS, UNREAD, agent

OWN_ONLY = {"listed": {**offboarding.LISTED, "own_only": True}}
TOKENS_OF_LEAVERS = offboarding.TOKENS
UNKNOWN = {"unknown_agent_emails": ["x@example.com"], "unknown_agent_ids": [7]}
FILES = {"acme": [{"name": "a.json", "sha256": "0f"}, {"name": "a.html", "sha256": None}]}
REVIEW = review.report()
QUIET = review.report_of(review.token(1))


class Page(HTMLParser):
    """The tags, attributes and text of a page. Each tag must be closed where it must be."""

    def __init__(self, source):
        super().__init__()
        self.source, self.tags, self.attributes, self._texts, self._open = source, [], [], [], []
        self.feed(source)
        self.close()
        assert not self._open
        self.text = "|".join(self._texts)

    def classes(self, tag):
        return [value for element, name, value in self.attributes if (element, name) == (tag, "class")]

    @property
    def names(self):
        """The names of all tags and attributes."""
        return {*self.tags, *(name for _tag, name, _value in self.attributes)}

    def handle_starttag(self, tag, attrs):
        self.handle_startendtag(tag, attrs)
        if tag not in {"br", "meta", "path"}:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *attribute) for attribute in attrs]

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if data.strip() and self._open[-1] != "style":
            self._texts.append(" ".join(data.split()))


def page_of(document, result=None):
    """The page of a report or a summary. ``result`` is that of a review."""
    if "accounts" in document:
        kind = _offboarding.SUMMARY if "revoked" in document["summary"] else _review.SUMMARY
        return Page(render("summary.html.j2", summary_page(document, kind)))
    if "dry_run" in document:
        return Page(render("offboard.html.j2", offboarding_page(document)))
    return Page(render("review.html.j2", review_page(document, review.THRESHOLDS, result or {})))


def summary(dry_run=False, **accounts):
    """The summary of accounts with these reports. ``None``: it was not processed."""
    kind = _review.SUMMARY if REVIEW in accounts.values() else _offboarding.SUMMARY
    for name, document in list(accounts.items())[1:]:
        accounts[name] = document and {**document, "account": f"https://{name}.zendesk.com/api/v2/chat"}
    runs = {name: task_result(document, {}) if document else {} for name, document in accounts.items()}
    return summary_document(runs, kind, ORIGIN, files=FILES, dry_run=dry_run)


def tokens_of(*fields, **more):
    return review.report_of(*(review.token(number, **each) for number, each in enumerate(fields, 1)), **more)


EXPIRED, SOON = {"expire_date": "2026-11-02T08:00:00Z"}, {"expire_date": "2026-11-30T08:00:00Z"}
LATER = {"expire_date": "2026-11-03T08:00:00Z", "create_date": "2026-10-31T08:00:00Z"}
LOST = [offboarding.token(number, msg="Timeout.") for number in (39, 40)]
PRIYA_AND_JONAS = [agent(PRIYA, "Priya", enabled=False, last_login=OLD), agent(JONAS, last_login=OLD)]


PAGES = {
    # The tokens and people that need attention come first, the next step before all of them.
    """not-complete: acme.zendesk.com|NOT COMPLETE: 3 of 5 tokens revoked, 1 not; 1 person can still sign in; 2 API clients created by 2
    people still exist; 1 address and 1 agent id were not found|Revoked 2 of 3 tokens.|These people can still sign in
    … Jonas Weber|jonas.weber@example.com|API clients that these people created|A person … When the tokens of these people are revoked, delete
    … Jonas Weber|CRM sync|,|confidential|redirects to|https://crm.example.com/|scopes|read write|created|17 Oct 2018|identifier|
    client-9205|Priya Nair|Report|,|confidential … Warnings|A warning.|People and their tokens|Jonas Weber|
    jonas.weber@example.com|agent 100000204|enabled in Chat|4 tokens: 1 not revoked, 1 kept, 2 revoked
    … 39|Not revoked|Zopim Dashboard|zopim|read write|9 Sep 2014, 07:49 UTC|9 Sep 2014, 17:49 UTC|(already expired)
    |HTTP 422.|1205|Kept … This run authenticates with this token. … 38|Revoked … 1204|Revoked … no expiry date|
    Priya Nair … disabled in Chat|1 token revoked … 143 … Not found in this account … x@example.com|agent 7 …
    Listed|21 tokens of 5 agents. If the account has more … Verified|No.|Started|23 Nov 2026, 14:14 UTC … Run by|amelie … zchat.admin 1.0.0""": full_report(),
    "done: and none is left … Next step: these people can still sign in … People … Verified|Yes.": report(),
    "dry-run: DRY RUN: 3 tokens of 2 people would be revoked; … Nothing was changed. … Would be": report(dry_run=True),
    "done attention: were not found … Not found in this account": report(**UNKNOWN),
    "dry-run attention: DRY RUN: … were not found": report(dry_run=True, **UNKNOWN),
    "done attention: Listed|21 tokens … only the tokens of this run's own agent. Tokens of other": report(**OWN_ONLY),
    "done: Listed|21 tokens of 5 agents. There is no token of another agent. The report a.json shows that ≠ can be missing": report(
        given={"earlier_report": "a.json"}, **OWN_ONLY
    ),
    "not-complete: it is unknown whether these people have other tokens … It may not show … Priya Nair": report(
        given={"own_only_fails": True}, **OWN_ONLY, warnings=["It may not show the tokens of other agents."]
    ),
    "not-complete: 2 tokens: 1 unknown, 1 not revoked … 40|Unknown … 39|Not revoked": report(
        revoked=[], not_revoked=LOST, unknown_outcomes=[40], **FAILED
    ),
    """not-complete: The API rejected the access token. … agent 10000026 … jonas.weber@example.com|state not known|The tokens and the API
    clients are not known … Account|not known|Listed|The list of tokens was not read.""": offboarding.report_of(
        {**offboarding.NOT_LISTED, "account": None}
    ),
    # A deleted agent with tokens was found.
    "done: agent 5|no longer exists|1 token revoked … Tokens without an agent|the API returns no owner ≠ Not found": report(
        agents=offboarding.AGENTS[:1],
        revoked=[offboarding.token(38, 5), offboarding.token(39, None)],
        unknown_agent_ids=[5],
    ),
    # API clients that are confidential come first. A deleted agent can have created one.
    """done: Next step: these people … Next step: API clients that these people created … Delete each client … agent 5|B, the second|,|
    confidential|redirect not known|scopes|not known|created someday|identifier|client-2|client-3|,|type not known|redirects …
    17 Oct 2018|client-1|,|public|redirects … 17 Oct 2018|People … agent 5|no longer exists|1 token ≠ not known whether""": report(
        agents=offboarding.AGENTS,
        revoked=[offboarding.token(38, 5)],
        unknown_agent_ids=[5],
        api_clients=[
            offboarding.client(1, 5, client_type="public", name=None),
            offboarding.client(2, 5, name="B, the second", redirect_uris=None, scopes="", create_date="someday"),
            offboarding.client(3, 5, client_type=None, name="  "),
        ],
    ),
    # It is stated if they are unknown, for people only.
    """done: API clients that these people created: not known|The API did not show … Priya Nair|priya.nair@example.com|Jonas Weber|
    jonas.weber@example.com|People … Tokens without an agent ≠ Next step: API""": report(
        revoked=[*TOKENS_OF_LEAVERS, offboarding.token(39, None)], api_clients=None, own_clients_only=None
    ),
    """done: Next step: API clients that these people created … Jonas Weber|CRM sync … The API did not show the API clients of all agents.
    So it is not known whether these people created any. In … Priya Nair … People ≠ : not known""": report(
        api_clients=[offboarding.client(1)], own_clients_only=True
    ),
    "dry-run: API clients that these people created … When the tokens of these people are revoked, delete ≠ Next step": report(
        dry_run=True, api_clients=[offboarding.client(1)]
    ),
    "done: none is left ≠ API client": report(),
    "done: Priya Nair … No token": report(revoked=[], clients=None),
    "done: 143|Revoked|zopim|read write": report(clients=None),
    # Each token counts once, so that the numbers add up to the headline. The most serious finding comes first.
    """done attention: 6 tokens of 4 people, 6 need a decision|Findings, … Owner no longer exists|1|agent 7|Revoke these tokens by agent id.
    … Owner is disabled|1|Priya|Revoke … Owner has not signed in for 90 days|3|Jonas Weber|Offboard … Never expires|
    1|Amelie|Replace … A warning.|What this review cannot show|When a token was last used … People and their tokens
    that need a decision|agent 7|no longer exists|1 token, 1 needs a decision … Priya|priya@example.com|agent 2|
    disabled in Chat|last sign-in 9 Sep 2014 … 21|Owner is disabled|Chat dashboard|zopim|read write|1 Nov 2026|
    1 Nov 2027|Jonas Weber … 3 tokens, 3 need … 33|Owner has not signed in for 90 days|Expired|Older than 180 days
    … Amelie … 11|Never expires|This review authenticates with this token … no expiry date … A token is old after 180
    days, and expires soon within 14 days. A person is inactive 90 days after""": review.report(
        agents=[agent(AMELIE, "Amelie"), *PRIYA_AND_JONAS], warnings=["A warning."]
    ),
    # Of one person, the tokens that still work come first. Of an expired one, the age matters less.
    """done attention: Never expires|1|Jonas … Older than 180 days|1|Jonas … Expires within 14 days|1|Jonas … Expired|2|Jonas … 6 tokens, 5
    need a decision … 5|Never … 2|Older than 180 days|Chat … 3|Expires … 6|Expired|Older … 1|Expired|Chat …
    No decision needed: 1 token (Chat dashboard).""": tokens_of(
        EXPIRED, {"create_date": OLD}, SOON, {}, {"expire_date": None}, {"create_date": OLD, "expire_date": OLD}
    ),
    # Tokens that need the same decision share a row. A date that is not valid is shown as it is.
    """done attention: 1, 2|2 tokens|Expired|Chat dashboard|zopim|read write|31 Oct 2026|to|1 Nov 2026|2 Nov 2026|to|3 Nov 2026|3|Expired|crm|not
    known|1 Nov 2026|2 Nov 2026|4|Expired|This review authenticates""": tokens_of(
        EXPIRED, LATER, {"client_identifier": "crm", "scopes": None, **EXPIRED}, EXPIRED, own_token_id=4
    ),
    "done attention: 9, 10 and 20 more|30 tokens|Expired": tokens_of(*[EXPIRED] * 30, own_token_id=None),
    "done attention: 1|Never … 1 Nov 2026|someday|2|Never … soon|no expiry date|3|Never … later|no expiry": tokens_of(
        {"expire_date": "someday"}, *({"expire_date": None, "create_date": date} for date in ("soon", "later"))
    ),
    """done: none needs a decision … People without a token that needs a decision|Jonas Weber|jonas.weber@example.com|
    , 2 tokens (Chat dashboard)|Tokens without an agent|the API returns no owner|, 1 token (crm) ≠ Findings, """: tokens_of(
        {}, {}, {"agent_id": None, "client_identifier": "crm"}
    ),
    # Why it is not complete is stated first, and what the API did not show, last.
    "not-complete: The API listed only the tokens of this run's own agent. … Findings, ": review.report(**OWN_ONLY),
    "not-complete: The API listed only … The agents could not be read. … Findings, ": review.report(
        **OWN_ONLY, **UNREAD
    ),
    "not-complete: not listed|The API rejected … About this ≠ this review cannot show": review.report(**review.FAILED),
    """done attention: Whether the owner is enabled, for 2 people.|Whether the owner is inactive, for 2 people.|The owner, for 1 token.|
    The name of the client, for 3 tokens.|The age, because the creation date is not valid, for 1 token.|The expiry
    date, because it is not valid. Counted as never expiring: 1 token.""": tokens_of(
        {"agent_id": None},
        {"create_date": "soon"},
        {"expire_date": "1970-01-01T00:00:00Z", "agent_id": PRIYA},
        agents=[agent(number, enabled=None, last_login=None) for number in (JONAS, PRIYA)],
        clients=None,
    ),
    # The accounts that are not complete come first, then those with most to decide, which are not shown as done.
    """not-complete: NOT COMPLETE: 1 of 2 accounts (other); 1 address and 1 agent id were found in no account (x@example.com, agent
    7)|Accounts … other|other.zendesk.com|Not complete|NOT COMPLETE: 3 of 5 … acme|acme.zendesk.com|Done|3 tokens of 2 people revoked
    … Found in no account … x@example.com|agent 7|Reports … a.json|0f|a.html|cannot be read … Tokens|6 revoked, 1 kept, 1
    not revoked""": summary(acme=report(), other=full_report()),
    # A person whom one account does not have is a case for a person, too, although another account has them.
    """done attention: 6 tokens revoked in 2 accounts; 1 account must be checked (other)|Accounts … other|other.zendesk.com|To be checked …
    acme|acme.zendesk.com|Done|3 tokens ≠ Found in no account""": summary(
        acme=report(), other=report(unknown_agent_emails=["JONAS.weber@example.com"])
    ),
    "dry-run attention: found in no account (x@example.com, agent 7)": summary(True, acme=report(True, **UNKNOWN)),
    # It is never claimed that an account lacks a person if it did not show whom it has.
    """not-complete: NOT COMPLETE: 1 of 2 accounts (never); 1 account must be checked (acme)|Accounts … Found in no account|Not known. At
    least one account did not show which ≠ x@example.com""": summary(acme=report(**UNKNOWN), never=None),
    "done: 0 tokens revoked in 1 account, and every account is done … Tokens|none": summary(acme=report(revoked=[])),
    "dry-run: DRY RUN: 3 tokens would be revoked in 1 account … Tokens|3 would be": summary(True, acme=report(True)),
    """not-complete: never|Not complete|This account was not processed.|busy|busy.zendesk.com|5 to decide|6 tokens of 4 people, 5 need
    a decision|quiet|acme.zendesk.com|Done … Tokens|7 tokens, 5 agents, 5 tokens with findings""": summary(
        quiet=QUIET, busy=REVIEW, never=None
    ),
    "done attention: 7 tokens of 5 people in 2 accounts, 5 need a decision|Accounts": summary(quiet=QUIET, busy=REVIEW),
    "not-complete: Tokens|not known": summary(never=None),
    # The reason of a run that did not fail is in its warnings.
    "not-complete: but this is not verified; 1 person … Token 7 did not match.|These people ≠ Warnings": report(
        verified=False, warnings=["Token 7 did not match."]
    ),
    "done: 1 token of ≠ already expired": report(revoked=[offboarding.token(1, expire_date="2026-11-23T14:15:01Z")]),
    # That a disabled owner does not sign in is no second reason.
    "done: none is left ≠ can still sign in": report(
        agents=[{**agent, "enabled": False} for agent in offboarding.AGENTS]
    ),
    "done attention: Owner is disabled ≠ has not signed in": tokens_of({"agent_id": PRIYA}, agents=PRIYA_AND_JONAS),
    "done attention: People ≠ Whether the owner": review.report(agents=[agent(number) for number in (1, 2, 3)]),
}


def check_order(page, expected):
    """Check that a page shows in this order. "|" separates elements, "…" is any text, and "≠" precedes what the page does not show."""
    shown, _unequal, absent = re.sub(r"\s*\|\s*", "|", " ".join(expected.split())).partition(" ≠ ")
    assert not absent or absent not in page.text
    position = 0
    for part in shown.split(" … "):
        assert part in page.text[position:]
        position = page.text.index(part, position) + len(part)


@pytest.mark.parametrize(("expected", "document"), PAGES.items(), ids=[text[:50] for text in PAGES])
def test_a_page_is_well_formed_and_shows_in_this_order(expected, document):
    """And it loads nothing. The kind of the verdict comes first."""
    verdict, _colon, shown = expected.partition(": ")
    page = page_of(document)
    check_order(page, shown)
    assert next(name for name in page.classes("div") if "verdict" in name) == f"verdict {verdict}"
    assert not {"script", "link", "img", "iframe", "object", "form", "src", "href"} & page.names
    assert not [name for _tag, name, _value in page.attributes if name.startswith("on") or name == "style"]
    assert ("meta", "content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes
    assert page.tags.count("h1") == 1
    # A server can block the style: without a size of its own, the picture would fill the window.
    assert {("svg", "width", "52"), ("svg", "height", "52")} <= {*page.attributes}


CRM = {"client_identifier": "client-2"}
NOBODY = {"agents": None, "unknown_agent_ids": []}
CLIENT_PAGES = {
    # Those with a finding, the most serious first: why, what to do, the creator, the number of tokens, the type. Then the others.
    """Findings, … API clients that need a decision … client-4|Creator no longer exists|No token|The creator may know its secret, and can
    get new tokens with it. Delete it, unless an integration is about to use it.|agent 7|0|confidential|redirect not known|scopes|read
    write|created|17 Oct 2018|CRM sync|client-2|Creator is disabled|The … with it. If an integration needs it, create another client for
    it. Then delete this one.|Priya|priya@example.com|2|confidential … client-6|Creator is disabled|Ask whether it is still used. If not,
    delete it.|Priya|priya@example.com|1|public … client-3|No token|Delete it, unless … Mei|mei@example.com|0|type not known … People and
    their tokens that need … API clients without a finding|CRM sync|zopim|, confidential, 6 tokens, created by the vendor|CRM sync|
    client-5|, confidential, 1 token, creator not known""": {
        "api_clients": [
            offboarding.client(1, None, client_identifier="zopim"),
            offboarding.client(2, PRIYA),
            offboarding.client(3, 8, client_type=None),
            offboarding.client(4, review.DELETED, name="", redirect_uris=None),
            offboarding.client(5, None),
            offboarding.client(6, PRIYA, client_type="public"),
        ],
        "agents": [*PRIYA_AND_JONAS, agent(8, "Mei")],
        "tokens": [*TOKENS, *(review.token(number, **CRM) for number in (91, 92))]
        + [review.token(90 + number, client_identifier=f"client-{number}") for number in (5, 6)],
    },
    # What the API did not show.
    """cannot show … API clients, and whether their creators are still there: the list of API clients could not be read. ≠ API clients
    without a finding""": {"api_clients": None},
    """API clients of other people: the API listed only those of this review's own agent.|The creator, for 1 API client.|Whether the
    creator is enabled, for 2 API clients. … without a finding|CRM sync|client-1|, confidential, 0 tokens, created by agent 5""": {
        "api_clients": [offboarding.client(number, creator) for number, creator in enumerate((5, 6, None), 1)],
        "own_clients_only": True,
        **NOBODY,
    },
    "API clients of other people: it is not known whether the API lists": {
        "api_clients": [offboarding.client(1)],
        "own_clients_only": None,
    },
    "What this review cannot show ≠ API clients of other people": {},
    "What this … cannot show ≠ for 1 API client": {
        "api_clients": [offboarding.client(1, None, client_identifier="zendesk")]
    },
}


@pytest.mark.parametrize(("expected", "changed"), CLIENT_PAGES.items(), ids=[text[:50] for text in CLIENT_PAGES])
def test_the_api_clients_of_a_review(expected, changed):
    """The document does not have the names of creators without tokens, the result has them."""
    result = {"agents": [agent(JONAS)], "unknown_agent_ids": [review.DELETED], "own_clients_only": False, **changed}
    check_order(page_of(review.report(**result), result), expected)


def test_of_many_api_clients_the_first_ones_are_shown_in_detail():
    clients = [offboarding.client(number, PRIYA) for number in range(10 * MAX_DETAILED)]
    page = page_of(review.report(api_clients=clients))
    assert page.text.count("Then delete this one.") + page.text.count("Delete it, unless") == MAX_DETAILED
    assert (
        "|More API clients that need a decision|CRM sync|client-100|, Creator is disabled, confidential, 0" in page.text
    )
    assert len(page.source) < 400_000


def test_how_serious_a_finding_is():
    page = page_of(review.report())
    assert page.classes("tr") == 2 * ["urgent", "urgent", "attention", "minor", "minor"]


def test_a_page_of_many_people_stays_small():
    """It has details of those with the most serious findings, and of each other person one line."""
    number = 10 * MAX_DETAILED
    agents = [agent(owner, f"Agent {owner}", enabled=owner >= MAX_DETAILED) for owner in range(number)]
    tokens = [review.token(owner, owner, **(EXPIRED if owner % 2 else {})) for owner in range(number)]
    tokens.append(review.token(number, number - 1))
    page = page_of(review.report(tokens=tokens, agents=agents, unknown_agent_ids=[]))
    assert page.tags.count("article") == MAX_DETAILED
    assert [page.text.count(text) for text in ("disabled in Chat", ", 1 of 1 token|", ", 1 token (")] == [100, 449, 450]
    assert "More people with tokens that need a decision|The JSON and CSV reports list each" in page.text
    assert "Agent 999|agent.999@example.com|, 1 of 2 tokens" in page.text
    assert len(page.source) < 300_000
    same = [review.token(count, count % 50) for count in range(number)]
    assert len(page_of(review.report(tokens=same, agents=agents)).source) < 100_000


REPLACED = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\x1b"
"""Characters that change the direction of text or control a terminal."""
HOSTILE = "</p></td><script>alert(1)</script>\"' onload='x' {{ 7 * 191 }} {% raw %} &amp; שלום 🙂 "
SHOWN = HOSTILE + "\ufffd" * len(REPLACED)


def hostile(value, numbers):
    """The document with every text replaced, each by another, except codes and the dates of the run."""
    if isinstance(value, dict):
        keep = ("result", "status", "findings", "started", "finished")
        return {key: item if key in keep else hostile(item, numbers) for key, item in value.items()}
    if isinstance(value, list):
        return [hostile(item, numbers) for item in value]
    if not isinstance(value, str):
        return value
    numbers.append(f"#{len(numbers)}#")
    return f"{HOSTILE}{REPLACED} {numbers[-1]}"


@pytest.mark.parametrize(
    "document",
    [
        full_report(),
        review.report(
            tokens=[*TOKENS[:2], *TOKENS[3:]], warnings=["x"], api_clients=[offboarding.client(1, review.DELETED)]
        ),
        summary(acme=full_report()),
    ],
)
def test_every_value_is_shown_and_escaped(document):
    numbers = []
    expected, page = page_of(document), page_of(hostile(document, numbers))
    assert page.names <= expected.names
    assert [number for number in numbers if f"{SHOWN} {number}" not in page.text] == []
    assert not {*REPLACED} & {*page.source}
    assert "1337" not in page.source


@pytest.mark.parametrize(
    ("date", "text", "machine"),
    [
        ("2026-01-01T00:30:00+01:00", "31 Dec 2025, 23:30 UTC", "2025-12-31T23:30:00Z"),
        # In UTC, the year is 10000.
        ("9999-12-31T23:59:59-08:00", "9999-12-31T23:59:59-08:00", ""),
    ],
)
def test_dates_for_people_and_for_programs(date, text, machine):
    assert moment(date) == {"text": text, "datetime": machine}


@pytest.mark.parametrize(("seconds", "text"), [(86_400, "1 day"), (129_600, "36 hours"), (90, "90 seconds")])
def test_durations_for_people(seconds, text):
    assert duration(seconds) == text
