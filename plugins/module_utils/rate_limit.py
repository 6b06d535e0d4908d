# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How often the API may be asked, learnt from its answers, and how long to wait. No network here, and no sleep.

The vendor allows 200 requests a minute for each endpoint and answers 429 beyond it, with ``Retry-After`` in seconds or as
a date. Many requests are under way at once, so what one of them is told must hold for all.
"""

from __future__ import annotations

import math
import random
import re
import threading
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime

from ansible_collections.zchat.admin.plugins.module_utils import errors


class RateLimit:
    """Says for all requests of one conversation when the next may be sent. Safe to share between threads.

    After a 429 nobody sends until the wait that it asked for is over. How many requests had been let in by then is
    remembered: the closer it comes to as many again, the fewer are under way, at most two thirds of what is left, in the end
    one by one. So only one of them meets the next 429 and not all that would be under way, and where somebody else has used
    up a part, few do. It is no more than a hint; a limit that has grown is found by going on.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        """``clock`` gives seconds that never go back."""
        self._clock = clock
        self._changed = threading.Condition()
        self._opens_at = 0.0
        self._refused = False
        """Whether a 429 came since the window opened."""
        self._let_in = 0
        """Requests that were answered otherwise since then."""
        self._under_way = 0
        self._expected = math.inf
        """How many are likely to be let in before the next 429."""

    def turn(self) -> float:
        """Seconds until a request may be sent. If that is 0 the caller has a turn, and must end it with :meth:`done`."""
        with self._changed:
            while True:
                seconds = self._opens_at - self._clock()
                if seconds > 0:
                    return seconds
                if self._refused:
                    self._refused = False
                    self._expected = self._let_in
                    self._let_in = 0
                if self._has_room():
                    self._under_way += 1
                    return 0.0
                self._changed.wait()

    def _has_room(self) -> bool:
        return not self._under_way or 3 * self._under_way < 2 * (self._expected - self._let_in)

    def close_for(self, seconds: float) -> None:
        """Let nobody send for so long, as a 429 asks."""
        with self._changed:
            self._refused = True
            self._opens_at = max(self._opens_at, self._clock() + seconds)

    def done(self, let_in: bool) -> None:
        """End a turn; ``let_in`` says whether it was answered, and not with a 429."""
        with self._changed:
            self._under_way -= 1
            self._let_in += let_in
            self._changed.notify_all()


class Patience:
    """How long one request has waited on the rate limit, told so itself or with others, against ``rate_limit_timeout``."""

    def __init__(self, limit: RateLimit, pause: Callable[[float], bool], url: str, allowed: int) -> None:
        """``pause`` waits for so many seconds and says whether it was interrupted; ``allowed`` is the bound in seconds."""
        self._limit = limit
        self._pause = pause
        self._url = url
        self._allowed = allowed
        self._waited = 0.0
        self._times_told = 0

    def wait_for_turn(self) -> bool:
        """Wait until the request may be sent; ``False`` if that was interrupted. Raises ``ChatError`` if it takes too long."""
        seconds = self._limit.turn()
        while seconds > 0:
            self._check(seconds)
            if self._pause(seconds):
                return False
            self._waited += seconds
            seconds = self._limit.turn()
        return True

    def told_to_wait(self, seconds: float | None) -> None:
        """Note a 429 and the wait that it asks for, if it does. Raises ``ChatError`` at once where that is too long."""
        self._times_told += 1
        if seconds is None or seconds < 1:
            # It did not say how long, or said "at once" while it refuses: neither may turn into a flood.
            seconds = backoff(self._times_told)
        # First for all, then for this one: where it is too long a wait, the others must not go and ask as well.
        self._limit.close_for(seconds)
        self._check(seconds)

    def _check(self, seconds: float) -> None:
        if self._waited + seconds > self._allowed:
            raise errors.rate_limited(self._url, seconds, self._waited, self._allowed)


def backoff(times: int) -> float:
    """Seconds to wait after the ``times``-th failure in a row: doubling from half a second to 30 s, with jitter."""
    return min(30.0, 0.5 * 2.0 ** min(times - 1, 10)) * random.uniform(0.5, 1.0)


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """The seconds that ``Retry-After`` asks for, given as a number or a date; ``None`` where it says nothing usable.

    A date counts from the answer's own ``Date`` where there is one, since the two clocks may differ, else from ``now``,
    in seconds since the epoch.
    """
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,9})?", value):
        return float(value)
    until = _http_date(value)
    if until is None:
        return None
    return max(0.0, until - (_http_date(headers.get("Date", "")) or now))


def _http_date(value: str) -> float | None:
    try:
        return parsedate_to_datetime(value).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
