# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API's rate limit: when the next request may be sent. No network and no sleep in this file.

The vendor allows 200 requests a minute for each endpoint and returns 429 above that, with ``Retry-After`` in seconds or as a
date. Many requests are active at the same time, so a 429 of one of them applies to all.
"""

from __future__ import annotations

import math
import random
import re
import threading
from collections.abc import Callable, Mapping

from ansible_collections.zchat.admin.plugins.module_utils._dates import http_date
from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError


class RateLimit:
    """Decides for all requests of one client when the next one may be sent. Safe to share between threads.

    After a 429, no request is sent until its ``Retry-After`` is over. The number of requests that the API accepted before
    the 429 is the estimate for the next window: the closer the count comes to it, the fewer requests are active (at most
    two thirds of the rest, finally one at a time). So only one request meets the next 429, and few do if another program
    uses the same limit. It is only an estimate: if the limit has grown, the requests continue one at a time.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        """``clock`` returns seconds that never decrease."""
        self._clock = clock
        self._changed = threading.Condition()
        self._blocked_until = 0.0
        self._refused = False
        """Whether a 429 arrived in this window."""
        self._accepted = 0
        """Requests in this window whose response was not a 429."""
        self._active = 0
        self._estimate = math.inf
        """Requests that the API will probably accept before the next 429."""

    def acquire(self) -> float:
        """Return 0 if a request may be sent now, which the caller then must :meth:`release`; otherwise the wait in seconds."""
        with self._changed:
            while True:
                seconds = self._blocked_until - self._clock()
                if seconds > 0:
                    return seconds
                if self._refused:
                    self._refused = False
                    self._estimate = self._accepted
                    self._accepted = 0
                if not self._active or 3 * self._active < 2 * (self._estimate - self._accepted):
                    self._active += 1
                    return 0.0
                self._changed.wait()

    def block(self, seconds: float) -> None:
        """Send no request for this time, after a 429."""
        with self._changed:
            self._refused = True
            self._blocked_until = max(self._blocked_until, self._clock() + seconds)

    def release(self, accepted: bool) -> None:
        """End a request. ``accepted``: it got a response other than 429."""
        with self._changed:
            self._active -= 1
            self._accepted += accepted
            self._changed.notify_all()


class RateLimitWait:
    """The time that one request has waited on the rate limit, compared with ``rate_limit_timeout``."""

    def __init__(self, limit: RateLimit, pause: Callable[[float], bool], url: str, allowed: int) -> None:
        """``pause`` waits for some seconds and returns whether it was interrupted; ``allowed`` is in seconds."""
        self._limit = limit
        self._pause = pause
        self._url = url
        self._allowed = allowed
        self._waited = 0.0
        self._refusals = 0

    def acquire(self) -> bool:
        """Wait until the request may be sent; return false if interrupted. Raises ``ChatError`` if the wait is too long."""
        seconds = self._limit.acquire()
        while seconds > 0:
            self._check(seconds)
            if self._pause(seconds):
                return False
            self._waited += seconds
            seconds = self._limit.acquire()
        return True

    def refused(self, retry_after_seconds: float | None) -> None:
        """Handle a 429. Raises ``ChatError`` immediately if the required wait is too long."""
        self._refusals += 1
        if retry_after_seconds is None or retry_after_seconds < 1:
            # No wait, or "now" in a response that refuses the request: do not flood the API.
            retry_after_seconds = backoff(self._refusals)
        # First for all requests: if the wait is too long for this one, the others must not be sent either.
        self._limit.block(retry_after_seconds)
        self._check(retry_after_seconds)

    def _check(self, seconds: float) -> None:
        if self._waited + seconds > self._allowed:
            waited = f" (already waited: {self._waited:.0f} s)" if self._waited >= 0.5 else ""
            raise ChatError(
                f"Rate limit exceeded at {self._url} (HTTP 429). The required wait of {seconds:.0f} s{waited} exceeds "
                f"'rate_limit_timeout' ({self._allowed} s). Increase it, or run the task again later.",
                429,
            )


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
