# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages: what they state, that they are well-formed, and that every value is escaped. Chromium shows their look."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from ansible_collections.zchat.admin.plugins.plugin_utils._page import moment, offboard_page, render, summary_page
from ansible_collections.zchat.admin.plugins.plugin_utils._report import offboard_summary
from ansible_collections.zchat.admin.tests.unit.support.offboarding import (
    FAILED,
    JONAS,
    LISTED,
    TOKENS,
    journal_line,
    not_revoked,
    report,
    report_of,
    token,
)

VOID = {"br", "circle", "link", "meta", "path"}
HOSTILE = "</p></td><script>alert(1)</script>\"' onload='x' {{ 7 * 191 }} {% raw %} &amp; \u202e\x1b"
UNKNOWN = {"unknown_agent_emails": ["x@example.com"], "unknown_agent_ids": [7]}


def full_report():
    """A report with every part of the page."""
    kept = [token(1205, reason="own token")]
    failed = {"not_revoked": [not_revoked(39)], "kept": kept, "warnings": ["A warning."]}
    return report(revoked=TOKENS, **failed, **UNKNOWN, **FAILED)


def full_summary(dry_run=False, **run):
    runs = {
        "acme": {"report": report(dry_run), "msg": "The headline", **run},
        "other": {"report": {}, "msg": "Nobody."},
    }
    files = {"acme": [{"name": "a.json", "sha256": "0f"}, {"name": "a.html", "sha256": None}]}
    return offboard_summary(
        runs, hashes=files, dry_run=dry_run, now="2026-11-23T14:16:00Z", user="amelie", version="1.0.0"
    )


def test_people_and_tokens_that_need_attention_come_first():
    page = offboard_page(report(revoked=TOKENS[1:], not_revoked=[not_revoked(38)], **FAILED))
    # This person has the lower id, but needs no attention.
    jonas, priya = page["people"]
    assert jonas["name"] == "Jonas Weber"
    assert jonas["facts"] == ["jonas.weber@example.com", f"agent {JONAS}", "enabled in Chat"]
    assert jonas["summary"] == "2 tokens: 1 not revoked, 1 revoked"
    assert [(shown["id"], shown["kind"], shown["reason"]) for shown in jonas["tokens"]] == [
        ("38", "not-revoked", "HTTP 422."),
        ("1204", "revoked", ""),
    ]
    assert [shown["had_expired"] for shown in jonas["tokens"]] == [True, False]
    assert jonas["tokens"][1]["expires"]["text"] == "no expiry date"
    assert priya["facts"][-1] == "disabled in Chat"
    assert priya["summary"] == "1 token revoked"


def test_the_name_of_a_client_comes_before_its_identifier():
    shown = offboard_page(report())["people"][0]["tokens"][0]
    assert (shown["client"], shown["client_identifier"]) == ("Zopim Dashboard", "zopim")
    shown = offboard_page(report(clients=None))["people"][0]["tokens"][0]
    assert (shown["client"], shown["client_identifier"]) == ("zopim", "")


@pytest.mark.parametrize(
    ("document", "amber"),
    [
        (report(), False),
        (report(**UNKNOWN), True),
        (report(dry_run=True, **UNKNOWN), True),
        (report(listed={**LISTED, "own_only": True}), True),
        # Red matters more.
        (full_report(), False),
    ],
)
def test_the_verdict_is_green_only_if_everybody_was_found(document, amber):
    assert offboard_page(document)["amber"] is amber


def test_people_who_can_still_sign_in_are_the_next_step():
    page = offboard_page(report())
    assert [person["name"] for person in page["people"] if person["can_sign_in"]] == ["Jonas Weber"]
    text = Page(render("offboard.html.j2", page)).text
    assert (
        text.index("none is left")
        < text.index("these people can still sign in")
        < text.index("People and their tokens")
    )


def test_the_notes_explain_the_verdict():
    assert offboard_page(report())["notes"] == []
    notes = " ".join(offboard_page(full_report())["notes"])
    for part in (FAILED["msg"], "authenticates with the token that is kept"):
        assert part in notes
    assert offboard_page(report(dry_run=True))["notes"] == ["Nothing was changed."]
    assert "authenticates" not in str(offboard_page(report(kept=[token(5, reason="excluded")])))
    assert offboard_page(report(revoked=[token(38)]))["notes"] == ["1 of 2 people had no token."]


def test_a_list_of_own_tokens_only_is_stated():
    listed = offboard_page(report(listed={**LISTED, "own_only": True}))["listed"]
    assert "All of them belong to the agent that this run authenticates as" in listed
    assert "21 tokens of 5 agents" in offboard_page(report())["listed"]
    assert offboard_page(report_of({}))["listed"] == "No list of tokens is available."


def test_the_journal_does_not_contain_expiry_dates():
    document = report_of({"failed": True, "msg": "Killed."}, journal=[journal_line(38, 3)])
    assert offboard_page(document)["people"][1]["tokens"][0]["expires"]["text"] == "not known"


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (report(), "Yes: the list of tokens, read after the last revocation,"),
        (report(revoked=[]), "Yes: the list of tokens contains no token of these people."),
        (
            report(kept=[token(5, reason="excluded")]),
            "Yes: the list of tokens, read after the last revocation, contains",
        ),
        (report(dry_run=True), "No, this was a dry run."),
        (report(verified=False), "No."),
        (report(agents=[], revoked=[], unknown_agent_emails=["x"]), "No, because nobody was found."),
    ],
)
def test_what_was_verified(document, expected):
    assert offboard_page(document)["verified"].startswith(expected)


def test_people_of_whom_little_is_known():
    deleted = offboard_page(report(agents=[], revoked=[token(38, 5), token(39, None)], unknown_agent_ids=[5]))
    assert [person["name"] for person in deleted["people"]] == ["agent 5", "Tokens without an agent"]
    assert deleted["people"][0]["facts"] == ["this agent no longer exists"]
    assert deleted["unknown"] == []
    failed = offboard_page(report_of({}))
    assert failed["people"][1]["name"] == "jonas.weber@example.com"
    assert failed["people"][1]["summary"] == "The tokens are not known"
    assert failed["account"] == "not known"


@pytest.mark.parametrize(
    ("date", "text", "machine"),
    [
        ("2014-09-09T07:49:20", "9 Sep 2014, 07:49 UTC", "2014-09-09T07:49:20Z"),
        ("2026-01-01T00:30:00+01:00", "31 Dec 2025, 23:30 UTC", "2025-12-31T23:30:00Z"),
        ("someday", "someday", ""),
        ("9999-12-31T23:59:59-08:00", "9999-12-31T23:59:59-08:00", ""),
        ("0001-01-01T00:00:00+01:00", "0001-01-01T00:00:00+01:00", ""),
        (1410248960, "1410248960", ""),
        (None, "not known", ""),
    ],
)
def test_dates_for_people_and_for_programs(date, text, machine):
    assert moment(date) == {"text": text, "datetime": machine}


@pytest.mark.parametrize(
    ("summary", "kind", "headline"),
    [
        (full_summary(), "done", "3 tokens revoked in 2 accounts, and every account is done"),
        (full_summary(dry_run=True), "dry-run", "DRY RUN: 3 tokens would be revoked in 2 accounts"),
        (full_summary(failed=True), "not-complete", "NOT COMPLETE: 1 of 2 accounts (acme)"),
    ],
)
def test_the_page_of_a_summary(summary, kind, headline):
    page = summary_page(summary)
    assert (page["kind"], page["headline"]) == (kind, headline)
    text = Page(render("summary.html.j2", page)).text
    for part in ("acme", "The headline", "a.json", "0f", "cannot be read", "3 revoked" if kind == "done" else "3 "):
        assert part in text


def test_the_headline_of_an_account_does_not_repeat_its_result():
    summary = full_summary(failed=True, msg="NOT COMPLETE: HTTP 401: rejected")
    assert summary_page(summary)["accounts"][0]["headline"] == "HTTP 401: rejected"
    summary = full_summary(dry_run=True, msg="DRY RUN: 3 tokens")
    assert [account["headline"] for account in summary_page(summary)["accounts"]] == ["3 tokens", "Nobody."]
    assert summary_page(summary)["totals"] == "3 would be revoked"


def test_accounts_that_are_not_complete_come_first():
    summary = full_summary()
    summary["accounts"][1]["result"] = "not complete"
    assert [account["name"] for account in summary_page(summary)["accounts"]] == ["other", "acme"]


class Page(HTMLParser):
    """A page as a browser reads it: its tags, its text, and that each tag is closed where it must be."""

    def __init__(self, source):
        super().__init__()
        self.tags, self.attributes, self.text, self._open = [], [], "", []
        self.feed(source)
        self.close()
        assert not self._open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.text += data


def offboard_html(document):
    return Page(render("offboard.html.j2", offboard_page(document)))


def summary_html(summary):
    return Page(render("summary.html.j2", summary_page(summary)))


@pytest.mark.parametrize(
    "shown",
    [
        *map(
            offboard_html, (full_report(), report(), report(dry_run=True), report(agents=[], revoked=[]), report_of({}))
        ),
        *map(summary_html, (full_summary(), full_summary(failed=True))),
    ],
)
def test_a_page_is_well_formed_and_loads_nothing(shown):
    assert not {"script", "link", "img", "iframe", "object", "form"} & set(shown.tags)
    assert not [name for name, _value in shown.attributes if name.startswith("on") or name in ("src", "href", "style")]
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in shown.attributes
    assert shown.tags.count("h1") == 1


def everything_hostile(value, key=""):
    """The document with every text replaced, each by another, except results and the dates of the run."""
    if isinstance(value, dict):
        keep = ("result", "started", "finished")
        return {key: item if key in keep else everything_hostile(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [everything_hostile(item, key) for item in value]
    return f"{HOSTILE} {key}" if isinstance(value, str) else value


@pytest.mark.parametrize(
    ("document", "html", "least"), [(full_report(), offboard_html, 20), (full_summary(), summary_html, 8)]
)
def test_every_value_is_escaped(document, html, least):
    expected, shown = html(document), html(everything_hostile(document))
    assert set(shown.tags) <= set(expected.tags)
    assert {name for name, _value in shown.attributes} <= {name for name, _value in expected.attributes}
    # Without the characters that change the direction of text or control a terminal.
    assert shown.text.count(HOSTILE.replace("\u202e", "\ufffd").replace("\x1b", "\ufffd")) >= least
    assert not {"\u202e", "\x1b"} & set(shown.text)
    assert "1337" not in shown.text
