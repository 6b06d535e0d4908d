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

from ansible_collections.zchat.admin.plugins.plugin_utils._documents import ReviewDocument

_COLUMNS = (
    *("account", "agent_id", "email", "display_name", "status", "last_login", "token_id", "client_identifier"),
    *("client_name", "scopes", "create_date", "expire_date", "own", "findings"),
)
_FORMULA = re.compile(r"^(?=[\t\r\n])|(?:^|(?<=[;\t\r\n]))(?=\s*[=+\-@\uff1d\uff0b\uff0d\uff20])")
"""Where a spreadsheet can begin to read a formula: at the start of a value, and after what some languages of spreadsheets
read as the end of a cell. The last four characters are the full-width forms."""
CONTROLS = dict.fromkeys([*range(9), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0xA0)], "\ufffd")
"""Control characters except line breaks and tabs, for ``str.translate``. A terminal would execute some of them."""


def review_csv(document: ReviewDocument) -> str:
    """Return the tokens of one account."""
    return _csv(_COLUMNS, _rows(document))


def summary_csv(documents: Mapping[str, ReviewDocument]) -> str:
    """Return the tokens of several accounts. The first column has the names, which are the keys of ``documents``."""
    return _csv(("name", *_COLUMNS), ([name, *row] for name, document in documents.items() for row in _rows(document)))


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


def _rows(document: ReviewDocument) -> Iterable[Iterable[Any]]:
    for agent in document["agents"] or ():
        owner = (agent["id"], agent["email"], agent["display_name"], agent["status"], agent["last_login"])
        for token in agent["tokens"]:
            shown = token["id"], token["client_identifier"], token["client_name"], token["scopes"]
            dates = token["create_date"], token["expire_date"]
            own = "true" if token["own"] else "false"
            yield [document["account"], *owner, *shown, *dates, own, " ".join(token["findings"])]
