# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When the next request may be sent: the waits that the API requires, and the time between repetitions. No sleep in this file.

The vendor allows 200 requests a minute for each endpoint and returns 429 above that, with ``Retry-After`` in seconds or as a
date. A 503 can have this header, too.
"""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Callable, Mapping

from ansible_collections.zchat.admin.plugins.module_utils._dates import http_date


class RateLimit:
    """Blocks all requests of one client until a ``Retry-After`` is over. Safe to share between threads."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """``clock`` returns seconds that never decrease."""
        self._clock = clock
        self._blocked_until = 0.0
        self.status = 429
        """The HTTP status of the response that requires the wait."""
        self._lock = threading.Lock()

    def block(self, seconds: float, status: int) -> None:
        """Allow no request for this time."""
        with self._lock:
            until = self._clock() + seconds
            if until > self._blocked_until:
                self._blocked_until, self.status = until, status

    def remaining(self) -> float:
        """Return the seconds until a request may be sent, 0 or less if one may be sent now."""
        return self._blocked_until - self._clock()


def backoff(failures: int) -> float:
    """Return the seconds to wait after a number of consecutive failures: doubling from 0.5 s to 30 s, with jitter."""
    return min(30.0, 0.5 * 2.0 ** min(failures - 1, 10)) * random.uniform(0.5, 1.0)


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds of a ``Retry-After`` header (a number or a date), ``None`` if there is no valid one.

    A date is relative to the ``Date`` header of the response, because the two clocks can differ, otherwise to ``now``, in
    seconds since the epoch.
    """
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,9})?", value):
        return float(value)
    until = http_date(value)
    if until is None:
        return None
    return max(0.0, until - (http_date(headers.get("Date")) or now))
