# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time

import pytest

from ansible_collections.zchat.admin.plugins.module_utils._dates import (
    http_date,
    timestamp,
    valid_expiry,
)

DATE = 1_410_248_960.0
DAY, SECOND_LATER = "2014-09-09T07:49:20Z", "2014-09-09T07:49:21Z"
ZONE = "Tue, 09 Sep 2014 07:49:20 +99999999999999"
YEAR_1, YEAR_1970 = "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        *((date, DATE) for date in (DAY, "2014-09-09T07:49:20", "2014-09-09 07:49:20 UTC")),
        *((date, DATE) for date in (" 2014-09-09t07:49:20.123456z ", "2014-09-09T09:49:20 +0200")),
        *((date, DATE) for date in ("2014-09-09T02:19:20-0530", "2014-09-09T09:49:20+02:00")),
        *((date, None) for date in (None, "never", 1_410_248_960, "2014-09-09", "2014-02-30T00:00:00Z")),
        *((date, None) for date in ("2014-09-09T07:49:20+25:00", "2014-09-09T07:49:20Z, 2015")),
    ],
)
def test_dates_of_the_api(date, seconds):
    assert timestamp(date) == seconds


@pytest.mark.parametrize(
    ("expiry", "created", "seconds"),
    [
        *((DAY, created, DATE) for created in (DAY, None, "never", YEAR_1)),
        *((expiry, YEAR_1, None) for expiry in (None, YEAR_1, YEAR_1970)),
        (DAY, SECOND_LATER, None),
    ],
)
def test_an_expiry_before_the_creation_or_the_first_token_is_invalid(expiry, created, seconds):
    assert valid_expiry(expiry, created) == seconds


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        *((f"Tue, 09 Sep 2014 07:49:20{zone}", DATE) for zone in (" GMT", "", " -0000")),
        ("Tuesday, 09-Sep-14 07:49:20 GMT", DATE),
        *((value, None) for value in (None, "120", "Wed, 99 Foo", "Wed, 21 Oct 99999 07:28:00 GMT", ZONE)),
    ],
)
def test_http_dates_are_in_gmt_whatever_the_local_time_is(value, seconds, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "XYZ-12")
        time.tzset()
        found = http_date(value)
    time.tzset()
    assert found == seconds
