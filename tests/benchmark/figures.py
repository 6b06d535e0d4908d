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
    """The time that each of ``added`` tokens adds from ``few`` to ``many`` seconds, over what its request must take.

    That is ``latency`` seconds shared by ``concurrency`` requests under way at once.
    """
    return (many - few) / added / (latency / concurrency)


def limited_seconds(requests: int, allowed: int, window: float, burst: float) -> float:
    """Seconds that ``requests`` take at best where ``allowed`` are let in for each ``window`` of so many seconds.

    ``burst`` is how many seconds it takes to send ``allowed`` requests when nothing limits them. A client that knows no
    limit, sends as fast as it can and obeys ``Retry-After`` fills a window in ``burst`` seconds, and its next request is
    refused. The window then has ``window - burst`` seconds left, which ``Retry-After`` tells in whole seconds, rounded up
    and 1 at least. So each window but the last takes ``burst + ceil(window - burst)``, and the last only as long as it
    takes to send what is left.
    """
    full = math.ceil(requests / allowed) - 1
    rest = requests - full * allowed
    return full * (burst + max(1, math.ceil(window - burst))) + burst * rest / allowed


def growth(baseline: float, fewer: tuple[int, float], more: tuple[int, float]) -> float:
    """How much more each token weighs with ``more`` than with ``fewer`` of them, each a number and what it came to.

    1 is linear: beyond the ``baseline`` of none, each token weighs the same, however many there are.
    """
    return ((more[1] - baseline) / more[0]) / ((fewer[1] - baseline) / fewer[0])


def _shown(value: float, unit: str) -> str:
    return f"{value:.0f} {unit}" if unit else f"{value:.2f}"
