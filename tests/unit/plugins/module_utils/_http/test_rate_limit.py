# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from email.utils import formatdate

import pytest

from ansible_collections.zchat.admin.plugins.module_utils._http.rate_limit import RateLimit, backoff, retry_after

NOW = 1_500_000_000.0


def test_the_longest_block_counts():
    limit = RateLimit(lambda: 10.0)
    limit.block(5, 503)
    limit.block(2, 429)
    assert (limit.remaining(), limit.status) == (5, 503)


@pytest.mark.parametrize(
    ("value", "date", "seconds"),
    [
        ("120", None, 120.0),
        (" 1.5 ", None, 1.5),
        (formatdate(NOW + 90, usegmt=True), None, 90.0),
        (formatdate(NOW - 1000, usegmt=True), None, 0.0),
        (formatdate(NOW + 90, usegmt=True), formatdate(NOW + 80, usegmt=True), 10.0),
        *((value, None, None) for value in ("", "-3", "1e9", "9" * 30, "\u0661")),
    ],
)
def test_retry_after_is_a_number_or_a_date_by_the_clock_of_the_server(value, date, seconds):
    assert retry_after({"Retry-After": value, **({"Date": date} if date else {})}, NOW) == seconds


def test_backoff_doubles_up_to_30_seconds():
    assert all(0.25 <= backoff(failures) <= 0.5 for failures in [1] * 50)
    assert all(15 <= backoff(failures) <= 30 for failures in range(8, 2000, 50))
