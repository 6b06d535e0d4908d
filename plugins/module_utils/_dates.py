# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Dates of the API and of HTTP headers as seconds since the epoch."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import lru_cache

_API_DATE = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.\d+)? ?(?:[Zz]|UTC|(?P<sign>[+-])(?P<hours>[01]\d|2[0-3]):?(?P<minutes>[0-5]\d))?"
)

_EARLIEST = 1_199_145_600
"""2008-01-01, before the first token: an earlier date, such as ``0001-01-01`` or ``1970-01-01``, stands for "no date"."""


@lru_cache(maxsize=1000)  # each date is needed several times, one after the other
def timestamp(date: str | float | None) -> float | None:
    """Return an API date in seconds since the epoch, ``None`` if it is missing or cannot be parsed (a number cannot).

    Dates look like ``2014-09-09T07:49:20Z``. Some lack the ``Z``; a date without a time zone is UTC.
    """
    found = _API_DATE.fullmatch(date.strip()) if isinstance(date, str) else None
    if found is None:
        return None
    try:
        seconds = datetime.fromisoformat(f"{found.group(1)}T{found.group(2)}+00:00").timestamp()
    except ValueError:
        return None
    if found.group("sign"):
        offset = timedelta(hours=int(found.group("hours")), minutes=int(found.group("minutes"))).total_seconds()
        seconds -= offset if found.group("sign") == "+" else -offset
    return seconds


def valid_creation(create_date: str | float | None) -> float | None:
    """Return when a token was created, in seconds since the epoch.

    ``None`` if the date is missing, cannot be parsed, or is before the first token.
    """
    moment = timestamp(create_date)
    return moment if moment is not None and moment >= _EARLIEST else None


def valid_expiry(expire_date: str | float | None, create_date: str | float | None) -> float | None:
    """Return when a token expires, in seconds since the epoch.

    ``None`` if the date is missing, cannot be parsed, or is before the creation or the first token.
    """
    moment = timestamp(expire_date)
    return moment if moment is not None and moment >= (valid_creation(create_date) or _EARLIEST) else None


def http_date(value: str | None) -> float | None:
    """Return the date of an HTTP header in seconds since the epoch, ``None`` if it is missing or cannot be parsed."""
    try:
        moment = parsedate_to_datetime(value or "")
        # HTTP dates are in GMT, also if their time zone is missing.
        return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
