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

from ansible_collections.zchat.admin.plugins.plugin_utils._csv import neutralized, review_csv
from ansible_collections.zchat.admin.tests.unit.support.offboarding import ACCOUNT
from ansible_collections.zchat.admin.tests.unit.support.review import JONAS, RECENT, agent, report, report_of, token

HEADER = (
    "account,agent_id,email,display_name,status,last_login,token_id,client_identifier,client_name,scopes,create_date,"
    "expire_date,own,findings"
)


def test_one_row_for_each_token():
    header, *rows = review_csv(report()).splitlines()
    assert (header, len(rows)) == (HEADER, 6)
    owner = f"{ACCOUNT},1,amelie.laurent@example.com,Amelie Laurent,enabled,{RECENT}"
    assert rows[0] == f"{owner},11,zopim,Chat dashboard,read write,{RECENT},,true,never_expires"
    assert rows[4].endswith("2014-09-09T07:49:20Z,2014-09-09T17:49:20Z,false,expired old")
    assert rows[5].startswith(f"{ACCOUNT},7,,,missing,,71,")


@given(st.text("=+-@;,|\t\r\n \"'aZ1\uff1d\uff0b\uff0d\uff20\u202e\u05e9\U0001f600<{"))
def test_any_text_is_read_back_and_begins_no_formula(name):
    """The only change are apostrophes. Spreadsheets of some languages end a cell at a semicolon."""
    text = review_csv(report_of(token(1), agents=[agent(JONAS, display_name=name)]))
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert row["display_name"].replace("'", "") == name.replace("'", "")
    assert not row["display_name"].startswith(("\t", "\r", "\n"))
    cells = re.split(r"[;\t\r\n]", row["display_name"])
    assert not [cell for cell in cells if cell.lstrip().startswith(tuple("=+-@\uff1d\uff0b\uff0d\uff20"))]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("x;=1;@y", "x;'=1;'@y"),
        ("\t=1", "'\t'=1"),
        ("a\x1b[31m\x00b\x7f\x9bc", "a\ufffd[31m\ufffdb\ufffd\ufffdc"),
        *((text, text) for text in ("x\r\ny", "a-b@example.com", "'=1", "x; y")),
    ],
)
def test_text_only_changes_where_a_formula_or_a_control_character_is(value, expected):
    assert neutralized(value) == expected
