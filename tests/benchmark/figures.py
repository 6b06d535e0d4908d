# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calculations of the benchmark: from seconds, requests and bytes to the table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Row:
    """One row of the table: a figure and its target."""

    case: str
    figure: float
    """The median over the rounds."""
    target: float
    at_least: bool = False
    """Whether ``target`` is a minimum. Otherwise it is a maximum."""
    unit: str = ""
    measured: str = ""
    """The measured values that the figure is calculated from."""

    @property
    def reached(self) -> bool:
        """Whether the unrounded figure meets its target."""
        return self.figure >= self.target if self.at_least else self.figure <= self.target

    def cells(self) -> list[str]:
        """Return the row as it is printed."""
        sign = ">=" if self.at_least else "<="
        return [
            self.case,
            self.measured,
            _shown(self.figure, self.unit),
            f"{sign} {_shown(self.target, self.unit)}",
            "reached" if self.reached else "NOT REACHED",
        ]


HEADINGS = ("case", "measured", "figure", "target", "result")


def table(rows: Iterable[Row]) -> str:
    """Return the rows as a Markdown table."""
    lines = [list(HEADINGS), ["---"] * len(HEADINGS), *(row.cells() for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def median_ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """Return the median of the ratios within each round, so that a busy machine affects both values."""
    return median(one / other for one, other in zip(above, below, strict=True))


def added_time(few: float, many: float, added: int, latency: float, concurrency: int) -> float:
    """Return the time that each of the ``added`` tokens adds, divided by its minimum, ``latency / concurrency``.

    ``few`` and ``many`` are the durations in seconds without and with these tokens.
    """
    return (many - few) / added / (latency / concurrency)


def limited_seconds(requests: int, allowed: int, window: float, burst: float) -> float:
    """Return the minimum number of seconds for ``requests`` if ``allowed`` are accepted in each ``window`` (seconds).

    ``burst`` is the number of seconds that ``allowed`` requests take without a limit. A client that sends as fast as it
    can fills a window in ``burst`` seconds, and its next request is refused. ``Retry-After`` then contains the rest of the
    window, ``window - burst``, as an integer: rounded up, and at least 1. So each window except the last one takes
    ``burst + ceil(window - burst)`` seconds. The last one only takes the time of its requests.
    """
    full = math.ceil(requests / allowed) - 1
    rest = requests - full * allowed
    return full * (burst + max(1, math.ceil(window - burst))) + burst * rest / allowed


def growth(baseline: float, fewer: tuple[int, float], more: tuple[int, float]) -> float:
    """Return the memory of a token if there are ``more`` tokens, divided by that if there are ``fewer``.

    Both are a number of tokens and the measured memory. ``baseline`` is the memory without tokens. 1 means that the memory
    is linear.
    """
    return ((more[1] - baseline) / more[0]) / ((fewer[1] - baseline) / fewer[0])


def _shown(value: float, unit: str) -> str:
    return f"{value:.0f} {unit}" if unit else f"{value:.2f}"
