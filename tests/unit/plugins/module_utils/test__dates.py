# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.zchat.admin.plugins.module_utils._dates import (
    http_date,
    timestamp,
    valid_creation,
    valid_expiry,
)

DATE = 1_410_248_960.0


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        ("2014-09-09T07:49:20Z", DATE),
        ("2014-09-09T07:49:20", DATE),
        ("2014-09-09 07:49:20 UTC", DATE),
        (" 2014-09-09t07:49:20.123456z ", DATE),
        ("2014-09-09T09:49:20+02:00", DATE),
        ("2014-09-09T02:19:20-0530", DATE),
        ("2014-09-09T09:49:20 +0200", DATE),
        ("0001-01-01T00:00:00Z", -62_135_596_800.0),
        ("9999-12-31T23:59:59Z", 253_402_300_799.0),
    ],
)
def test_api_dates(date, seconds):
    assert timestamp(date) == seconds


@pytest.mark.parametrize(
    "date",
    [
        None,
        "",
        "never",
        1_410_248_960,
        1.5,
        "2014-09-09",
        "2014-02-30T00:00:00Z",
        "2014-09-09T24:00:00Z",
        "2014-09-09T07:49:60Z",
        "0000-00-00T00:00:00Z",
        "2014-09-09T07:49:20+25:00",
        "2014-09-09T07:49:20Z, 2015",
    ],
)
def test_other_values_are_not_api_dates(date):
    assert timestamp(date) is None


@pytest.mark.parametrize("created", ["2014-09-09T07:49:20Z", "2014-01-01T00:00:00Z", None, "never"])
def test_an_expiry_after_the_creation_is_valid(created):
    assert valid_expiry("2014-09-09T07:49:20Z", created) == DATE


@pytest.mark.parametrize(
    ("expiry", "created"),
    [
        (None, None),
        ("never", None),
        ("0001-01-01T00:00:00Z", None),
        ("1970-01-01T00:00:00Z", "unknown"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("2014-09-09T07:49:20Z", "2014-09-09T07:49:21Z"),
    ],
)
def test_an_expiry_before_the_creation_is_invalid(expiry, created):
    assert valid_expiry(expiry, created) is None


def test_a_creation_before_the_first_token_is_invalid():
    assert valid_creation("2014-09-09T07:49:20Z") == DATE
    for date in ("0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "never", None):
        assert valid_creation(date) is None


@pytest.fixture(name="_local_time")
def _far_from_utc(monkeypatch):
    monkeypatch.setenv("TZ", "XYZ-12")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("_local_time")
@pytest.mark.parametrize(
    "value",
    [
        "Tue, 09 Sep 2014 07:49:20 GMT",
        "Tuesday, 09-Sep-14 07:49:20 GMT",
        "Tue, 09 Sep 2014 07:49:20",
        "Tue, 09 Sep 2014 07:49:20 -0000",
    ],
)
def test_http_dates_are_in_gmt(value):
    assert http_date(value) == DATE


@pytest.mark.parametrize("value", [None, "", "soon", "120", "Wed, 99 Foo", "Wed, 21 Oct 99999 07:28:00 GMT"])
def test_other_values_are_not_http_dates(value):
    assert http_date(value) is None


@given(st.text() | st.from_regex(r"\w{3}, \d{1,2} Sep \d{1,6} \d\d:\d\d:\d\d [+-]\d{4,10}", fullmatch=True))
def test_no_string_raises(value):
    assert isinstance(http_date(value), (float, type(None)))
    assert isinstance(timestamp(value), (float, type(None)))
