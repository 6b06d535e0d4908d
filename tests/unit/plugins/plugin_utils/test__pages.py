# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every page guarantees: it is well-formed, loads nothing, and escapes every value. And the page of a summary."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from ansible_collections.zchat.admin.plugins.plugin_utils import _offboarding, _review
from ansible_collections.zchat.admin.plugins.plugin_utils._documents import summary_document, task_result
from ansible_collections.zchat.admin.plugins.plugin_utils._offboarding_page import offboarding_page
from ansible_collections.zchat.admin.plugins.plugin_utils._pages import moment, person, render, summary_page
from ansible_collections.zchat.admin.plugins.plugin_utils._review_page import review_page
from ansible_collections.zchat.admin.tests.unit.support import offboarding, review
from ansible_collections.zchat.admin.tests.unit.support.offboarding import ORIGIN, full_report, report, report_of

VOID = {"br", "circle", "link", "meta", "path"}
HOSTILE = "</p></td><script>alert(1)</script>\"' onload='x' {{ 7 * 191 }} {% raw %} &amp; שלום 🙂 \u202e\x1b"
FILES = {"acme": [{"name": "a.json", "sha256": "0f"}, {"name": "a.html", "sha256": None}]}


def run_of(document):
    return task_result(document, {})


def reviews(**runs):
    return summary_page(summary_document(runs, _review.SUMMARY, ORIGIN, files={}), _review.SUMMARY)


def summary(acme, dry_run=False):
    """The summary of offboardings in two accounts."""
    other = _offboarding.nobody_document(["a", "b"], dry_run=dry_run, origin=ORIGIN)
    runs = {"acme": run_of(acme), "other": run_of(other)}
    return summary_document(runs, _offboarding.SUMMARY, ORIGIN, files=FILES, dry_run=dry_run)


def offboardings(acme, dry_run=False):
    """The page of that summary."""
    return summary_page(summary(acme, dry_run), _offboarding.SUMMARY)


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
    ("agent", "name", "facts"),
    [
        ({"id": 5, "email": "a@example.com", "display_name": "A"}, "A", ["a@example.com", "agent 5", "disabled"]),
        ({"id": 5, "email": "a@example.com", "display_name": None}, "a@example.com", ["agent 5", "disabled"]),
        ({"id": 5, "email": None, "display_name": None}, "agent 5", ["disabled"]),
        ({"id": None, "email": "a@example.com", "display_name": None}, "a@example.com", ["disabled"]),
        (
            {"id": None, "email": None, "display_name": None},
            "Tokens without an agent",
            ["the API returns no owner"],
        ),
    ],
)
def test_a_person(agent, name, facts):
    assert person(agent, "disabled", "") == {"name": name, "facts": facts}


@pytest.mark.parametrize(
    ("page", "kind", "totals"),
    [
        (offboardings(report()), "done", "3 revoked"),
        (offboardings(report(dry_run=True), dry_run=True), "dry-run", "3 would be revoked"),
        (offboardings(full_report()), "not-complete", "3 revoked, 1 kept, 1 not revoked"),
        (offboardings(report(revoked=[])), "done", "none"),
    ],
)
def test_the_page_of_a_summary(page, kind, totals):
    assert (page["kind"], page["totals"], page["attention"]) == (kind, totals, False)
    text = Page(render("summary.html.j2", page)).text
    for part in ("acme", "acme.zendesk.com", page["headline"], "a.json", "0f", "cannot be read", totals):
        assert part in text


def test_accounts_that_are_not_complete_come_first_and_then_those_with_most_to_decide():
    """A reviewed account with tokens to decide is not shown as done."""
    quiet, busy = review.report_of(review.token(1)), review.report()
    page = reviews(quiet=run_of(quiet), busy=run_of(busy), never={})
    assert [(row["name"], row["kind"], row["result"]) for row in page["accounts"]] == [
        ("never", "not-complete", "not complete"),
        ("busy", "attention", "5 to decide"),
        ("quiet", "done", "done"),
    ]
    assert (page["kind"], page["attention"]) == ("not-complete", False)
    assert page["totals"] == "7 tokens, 5 agents, 5 tokens with findings"
    assert reviews(never={})["totals"] == "not known"
    page = reviews(quiet=run_of(quiet), busy=run_of(busy))
    assert (page["kind"], page["attention"]) == ("done", True)


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


def offboarding_html(document):
    return Page(render("offboard.html.j2", offboarding_page(document)))


def review_html(document):
    return Page(render("review.html.j2", review_page(document, review.THRESHOLDS)))


def summary_html(document):
    return Page(render("summary.html.j2", summary_page(document, _offboarding.SUMMARY)))


@pytest.mark.parametrize(
    "shown",
    [
        *map(
            offboarding_html,
            (
                full_report(),
                report(),
                report(dry_run=True),
                report(agents=[], revoked=[]),
                report_of(offboarding.NOT_LISTED),
            ),
        ),
        *map(review_html, (review.report(), review.report(**review.FAILED))),
        *map(summary_html, (summary(report()), summary(full_report()))),
    ],
)
def test_a_page_is_well_formed_and_loads_nothing(shown):
    assert not {"script", "link", "img", "iframe", "object", "form"} & set(shown.tags)
    assert not [name for name, _value in shown.attributes if name.startswith("on") or name in ("src", "href", "style")]
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in shown.attributes
    assert shown.tags.count("h1") == 1


def everything_hostile(value, key=""):
    """The document with every text replaced, each by another, except codes and the dates of the run."""
    if isinstance(value, dict):
        keep = ("result", "status", "findings", "started", "finished")
        return {key: item if key in keep else everything_hostile(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [everything_hostile(item, key) for item in value]
    return f"{HOSTILE} {key}" if isinstance(value, str) else value


@pytest.mark.parametrize(
    ("document", "html", "least"),
    [
        (full_report(), offboarding_html, 20),
        (review.report(), review_html, 10),
        (summary(full_report()), summary_html, 8),
    ],
)
def test_every_value_is_escaped(document, html, least):
    expected, shown = html(document), html(everything_hostile(document))
    assert set(shown.tags) <= set(expected.tags)
    assert {name for name, _value in shown.attributes} <= {name for name, _value in expected.attributes}
    # Without the characters that change the direction of text or control a terminal.
    assert shown.text.count(HOSTILE.replace("\u202e", "\ufffd").replace("\x1b", "\ufffd")) >= least
    assert not {"\u202e", "\x1b"} & set(shown.text)
    assert "1337" not in shown.text
