# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports of access reviews -> CSV for a spreadsheet, one row for each token. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from ansible_collections.zchat.admin.plugins.plugin_utils._documents import (
    NOT_COMPLETE,
    ReviewDocument,
    Summary,
    utc_datetime,
)

_COLUMNS = (
    *("account", "agent_id", "email", "display_name", "status", "last_login", "token_id", "client_identifier"),
    *("client_name", "scopes", "create_date", "expire_date", "own", "findings"),
)
_BYTE_ORDER_MARK = "\ufeff"
"""Without it, Excel does not read a file as UTF-8."""
_IGNORED = '\\s"\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff'
"""What can precede a formula: spaces, quotes, and characters without a width."""
_STARTS = r"=+\-@|" + "\uff1d\uff0b\uff0d\uff20\uff5c\ufe66\ufe62\ufe63\ufe6b\u2212"
"""The first character of a formula, also in its full-width and small forms, and the minus sign."""
_FORMULA = re.compile(rf"^(?=[\t\r\n])|(?:^|(?<=[,;|\t\r\n\u2028\u2029]))(?=[{_IGNORED}]*[{_STARTS}])")
"""Where a spreadsheet can begin to read a formula: at the start of a value, and after each character that some language or setting
reads as the end of a cell, whatever quotes follow: for such a reader, the quotes that the file has around a value are elsewhere."""


def review_csv(document: ReviewDocument) -> str:
    """Return the tokens of one account. Of a review that failed, there is no CSV: the result is empty."""
    return "" if document["agents"] is None else _csv(_COLUMNS, _rows(document))


def summary_csv(summary: Summary, documents: Iterable[ReviewDocument | None]) -> str:
    """Return the tokens of all accounts, and a row for each account that is not complete. ``documents`` has one for each account."""

    def rows() -> Iterator[Iterable[Any]]:
        for account, document in zip(summary["accounts"], documents):
            if account["result"] == "not complete":
                reason = f"{NOT_COMPLETE}{account['headline'].removeprefix(NOT_COMPLETE)}"
                yield [account["name"], account["account"], *[""] * (len(_COLUMNS) - 2), reason]
            if document:
                yield from ([account["name"], *row] for row in _rows(document))

    return _csv(("name", *_COLUMNS), rows())


@lru_cache(maxsize=10_000, typed=True)  # many values occur in many rows
def neutralized(value: Any) -> str:
    """Return a value as text that no spreadsheet interprets as a formula: with an apostrophe before each possible start."""
    return _FORMULA.sub("'", "" if value is None else str(value))


def _csv(header: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    file = io.StringIO()
    file.write(_BYTE_ORDER_MARK)
    writer = csv.writer(file)
    writer.writerow(header)
    writer.writerows([neutralized(value) for value in row] for row in rows)
    return file.getvalue()


def _rows(document: ReviewDocument) -> Iterator[Iterable[Any]]:
    for agent in document["agents"] or ():
        owner = (agent["id"], agent["email"], agent["display_name"], agent["status"], _date(agent["last_login"]))
        for token in agent["tokens"]:
            shown = token["id"], token["client_identifier"], token["client_name"], token["scopes"]
            dates = _date(token["create_date"]), _date(token["expire_date"])
            own = "true" if token["own"] else "false"
            yield [document["account"], *owner, *shown, *dates, own, " ".join(token["findings"])]


@lru_cache(maxsize=10_000, typed=True)
def _date(date: Any) -> Any:
    """Return a date of the API as ``2026-11-30 07:49:20`` in UTC, which a spreadsheet sorts, and any other value unchanged."""
    when = utc_datetime(date)
    return date if when is None else when.replace(tzinfo=None).isoformat(" ", "seconds")
