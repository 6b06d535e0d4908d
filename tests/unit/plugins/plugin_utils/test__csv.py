# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The spreadsheet of a review: one row for each token, any text, and no formula."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.zchat.admin.plugins.module_utils._text import printable
from ansible_collections.zchat.admin.plugins.plugin_utils._csv import neutralized, review_csv, summary_csv
from ansible_collections.zchat.admin.plugins.plugin_utils._documents import summary_document, task_result
from ansible_collections.zchat.admin.plugins.plugin_utils._review import SUMMARY
from ansible_collections.zchat.admin.tests.unit.support.offboarding import ACCOUNT, LISTED, ORIGIN
from ansible_collections.zchat.admin.tests.unit.support.review import FAILED, JONAS, agent, report, report_of, token

HEADER = (
    "account,agent_id,email,display_name,status,last_login,token_id,client_identifier,client_name,scopes,create_date,"
    "expire_date,own,findings"
)
FORMULA = ("=", "+", "-", "@", "|", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What begins a formula."""


def rows_of(text):
    """The rows of a file, each as a dictionary."""
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:], newline="")))


def test_one_row_for_each_token_and_a_byte_order_mark():
    header, *rows = review_csv(report()).splitlines()
    assert (header, len(rows)) == (f"\ufeff{HEADER}", 6)
    recent = "2026-11-01 08:00:00"
    owner = f"{ACCOUNT},1,amelie.laurent@example.com,Amelie Laurent,enabled,{recent}"
    assert rows[0] == f"{owner},11,zopim,Chat dashboard,read write,{recent},,true,never_expires"
    assert rows[4].endswith("2014-09-09 07:49:20,2014-09-09 17:49:20,false,expired old")
    assert rows[5].startswith(f"{ACCOUNT},7,,,missing,,71,")
    assert review_csv(report(**FAILED)) == ""


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2026-11-30T07:49:20+02:00", "2026-11-30 05:49:20"),
        ("2026-11-30 07:49:20", "2026-11-30 07:49:20"),
        ("0001-01-01T00:00:00Z", "0001-01-01 00:00:00"),
        # In UTC, the year is 10000.
        ("9999-12-31T23:59:59-08:00", "9999-12-31T23:59:59-08:00"),
        ("=2026", "'=2026"),
        (1_417_333_760, "1417333760"),
        (None, ""),
    ],
)
def test_a_date_is_in_utc_and_one_that_is_not_valid_is_text(date, expected):
    (row,) = rows_of(review_csv(report_of(token(1, create_date=date, expire_date=date))))
    assert (row["create_date"], row["expire_date"]) == (expected, expected)


def test_the_accounts_that_are_not_complete_have_a_row_with_the_reason():
    """A failed account, one that was not processed, and an incomplete one in addition to its tokens."""
    incomplete = report_of(token(1), listed={**LISTED, "own_only": True}, warnings=["Only own tokens were listed."])
    documents = {"acme": report_of(token(2)), "failed": report(**FAILED), "=never": None, "incomplete": incomplete}
    runs = {name: task_result(document, {}) if document else {} for name, document in documents.items()}
    summary = summary_document(runs, SUMMARY, ORIGIN, files={})
    rows = rows_of(summary_csv(summary, documents.values()))
    assert [(row["name"], row["account"], row["token_id"], row["findings"]) for row in rows] == [
        ("acme", ACCOUNT, "2", ""),
        (
            "failed",
            ACCOUNT,
            "",
            "NOT COMPLETE: the tokens were not listed. The API rejected the access token.",
        ),
        ("'=never", "", "", "NOT COMPLETE: This account was not processed."),
        (
            "incomplete",
            ACCOUNT,
            "",
            "NOT COMPLETE: 1 token of 1 person, none needs a decision. Only own tokens were listed.",
        ),
        ("incomplete", ACCOUNT, "1", ""),
    ]


@given(st.text("=+-@;,|\t\r\n \"'aZ1\uff1d\uff0b\uff0d\uff20\u202e\u200b\u05e9\U0001f600<{"))
def test_any_text_is_read_back_and_begins_no_formula(name):
    """The only change are apostrophes. It holds for a reader with another separator, with quotes or without, too."""
    text = review_csv(report_of(token(1), agents=[agent(JONAS, display_name=name)]))
    (row,) = rows_of(text)
    assert row["display_name"].replace("'", "") == printable(name).replace("'", "")
    for separator in ",;|\t":
        for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):
            cells = [
                cell
                for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator, quoting=quoting)
                for cell in row
            ]
            assert not [cell for cell in cells if cell.lstrip('" \u200b').startswith(FORMULA)]
    assert not re.search(r'[,;|][\s"]*[=+@-]', text)


@pytest.mark.parametrize("start", FORMULA)
@pytest.mark.parametrize("before", ["", " ", '"', '""', '" "', "\ufeff", "\u200b", "\u00a0"])
def test_a_formula_is_neutralized_wherever_a_spreadsheet_can_begin_a_cell(start, before):
    for separator in ("", *(f"x{char}" for char in ",;|\t\r\n")):
        assert f"{separator}'{before}{start}1" in neutralized(f"{separator}{before}{start}1")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("x;=1;@y", "x;'=1;'@y"),
        ("\t=1", "'\t'=1"),
        *((text, text) for text in ("x\r\ny", "a-b@example.com", "'=1", "x; y", 'O\'Hara, "Jo"', "https://x/?a=1")),
    ],
)
def test_text_only_changes_where_a_formula_can_begin(value, expected):
    assert neutralized(value) == expected
