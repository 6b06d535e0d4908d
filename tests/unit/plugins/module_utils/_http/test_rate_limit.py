# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import email.utils

import pytest

from ansible_collections.zchat.admin.plugins.module_utils._http.rate_limit import (
    RateLimit,
    backoff,
    retry_after,
)

NOW = 1_500_000_000.0


def test_all_requests_wait_until_the_longest_block_is_over():
    now = [10.0]
    limit = RateLimit(lambda: now[0])
    assert limit.remaining() <= 0
    limit.block(5)
    limit.block(2)
    assert limit.remaining() == 5
    now[0] = 14
    assert limit.remaining() == 1
    now[0] = 15
    assert limit.remaining() <= 0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "120"}, 120.0),
        ({"Retry-After": " 1.5 "}, 1.5),
        ({"Retry-After": email.utils.formatdate(NOW + 90, usegmt=True)}, 90.0),
        ({"Retry-After": email.utils.formatdate(NOW - 1000, usegmt=True)}, 0.0),
        (
            {
                "Retry-After": email.utils.formatdate(NOW + 90, usegmt=True),
                "Date": email.utils.formatdate(NOW + 80, usegmt=True),
            },
            10.0,
        ),
        ({"Retry-After": "-3"}, None),
        ({"Retry-After": "1e9"}, None),
        ({"Retry-After": "9" * 30}, None),
        ({"Retry-After": "\u0661"}, None),
        ({"Retry-After": "Wed, 21 Oct 99999 07:28:00 GMT"}, None),
        ({"Retry-After": "soon"}, None),
        ({}, None),
    ],
)
def test_retry_after(headers, seconds):
    assert retry_after(headers, NOW) == seconds


def test_backoff_doubles_up_to_30_seconds():
    assert all(0.25 <= backoff(failures) <= 0.5 for failures in [1] * 50)
    assert all(15 <= backoff(failures) <= 30 for failures in range(8, 2000, 50))
