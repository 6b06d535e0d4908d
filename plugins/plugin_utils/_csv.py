# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports of access reviews -> CSV for a spreadsheet, one row for each token. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

_COLUMNS = (
    *("account", "agent_id", "email", "display_name", "status", "last_login", "token_id", "client_identifier"),
    *("client_name", "scopes", "create_date", "expire_date", "own", "findings"),
)
_FORMULA = re.compile(r"^(?=[\t\r\n])|(?:^|(?<=[;\t\r\n]))(?=\s*[=+\-@\uff1d\uff0b\uff0d\uff20])")
"""Where a spreadsheet can begin to read a formula: at the start of a value, and after what some languages of spreadsheets
read as the end of a cell. The last four characters are the full-width forms."""
CONTROLS = dict.fromkeys([*range(9), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0xA0)], "\ufffd")
"""Control characters except line breaks and tabs, for ``str.translate``. A terminal would execute some of them."""


def review_csv(report: Mapping[str, Any]) -> str:
    """Return the tokens of one account."""
    return _csv(_COLUMNS, _rows(report))


def summary_csv(reports: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the tokens of several accounts. The first column has the names, which are the keys of ``reports``."""
    return _csv(("name", *_COLUMNS), ([name, *row] for name, report in reports.items() for row in _rows(report)))


@lru_cache(maxsize=10_000, typed=True)  # many values occur in many rows
def neutralized(value: Any) -> str:
    """Return a value as text that no spreadsheet interprets as a formula: with an apostrophe before each possible start."""
    return _FORMULA.sub("'", "" if value is None else str(value).translate(CONTROLS))


def _csv(header: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(header)
    writer.writerows([neutralized(value) for value in row] for row in rows)
    return file.getvalue()


def _rows(report: Mapping[str, Any]) -> Iterable[Iterable[Any]]:
    for agent in report["agents"]:
        owner = [report["account"], *(agent[key] for key in ("id", "email", "display_name", "status", "last_login"))]
        for token in agent["tokens"]:
            shown = ("id", "client_identifier", "client_name", "scopes", "create_date", "expire_date")
            own = "true" if token["own"] else "false"
            yield [*owner, *(token[key] for key in shown), own, " ".join(token["findings"])]
