# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of the role's report: well-formed, and with every value escaped. What it looks like is seen in Chromium."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import jinja2
import pytest

from ansible_collections.zchat.admin.plugins.filter.offboard_page import offboard_page
from ansible_collections.zchat.admin.tests.unit.support.offboarding import PEOPLE, TOKENS, report

TEMPLATES = Path(__file__).resolve().parents[3] / "roles" / "offboard" / "templates"
VOID = {"br", "circle", "link", "meta", "path"}
HOSTILE = "</p></td><script>alert(1)</script>\"' onload='x' {{ 7 * 191 }} {% raw %} &amp;"


class Page(HTMLParser):
    """What a browser makes of the page: its tags, its text, and whether each tag is closed where it should be."""

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


def page(document):
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["zchat.admin.offboard_page"] = offboard_page
    return Page(environment.get_template("report.html.j2").render(offboard_result=document))


def everything_hostile(value, key=""):
    """The document with every text but the results and the dates of the run replaced, each by another."""
    if isinstance(value, dict):
        keep = ("result", "started", "finished")
        return {key: item if key in keep else everything_hostile(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [everything_hostile(item, key) for item in value]
    return f"{HOSTILE} {key}" if isinstance(value, str) else value


def full_report():
    """A report that says something everywhere."""
    people = {**PEOPLE, "unknown_emails": ["x@example.com"], "unknown_agent_ids": [7]}
    refused = [{"id": 38, "status": 422, "msg": "No."}]
    return report(
        people, revoked=TOKENS["tokens"][1:], not_revoked=refused, failed=True, msg="Not all.", verified=False
    )


@pytest.mark.parametrize(
    "document", [full_report(), report(), report(dry_run=True), report({**PEOPLE, "agents": []}, {}, revoked=[])]
)
def test_the_page_is_well_formed_and_needs_nothing_else(document):
    shown = page(document)
    assert offboard_page(document)["headline"] in shown.text
    assert not {"script", "link", "img", "iframe", "object", "form"} & set(shown.tags)
    assert not [name for name, _value in shown.attributes if name.startswith("on") or name in ("src", "href", "style")]
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in shown.attributes


def test_every_value_is_text():
    plain = full_report()
    hostile = everything_hostile(plain)
    expected, shown = page(plain), page(hostile)
    assert set(shown.tags) <= set(expected.tags)
    assert {name for name, _value in shown.attributes} <= {name for name, _value in expected.attributes}
    assert shown.text.count(HOSTILE) >= 20
    assert "1337" not in shown.text
