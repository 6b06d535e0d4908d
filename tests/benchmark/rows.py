# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the measured values to the table. Nothing here measures."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

LATENCY = 0.05
"""Seconds that each response takes in the cases that measure requests."""
CONCURRENCY = 8
"""The module's default."""
LIMIT, WINDOW = 60, 3.0
"""Accepted requests, and the length of the window in seconds."""
LIMITED = 300
"""Tokens that are revoked under that limit."""
ACCOUNTS = 12
LISTED = (0, 10_000, 25_000, 50_000)
"""Listed tokens of the runs whose memory is measured."""

Measures = Mapping[str, Sequence[float]]
"""The measured values by name, one for each round."""


@dataclass(frozen=True)
class Row:
    """One row of the table: a figure, which is the median over the rounds, and its target."""

    case: str
    figure: float
    target: float
    measured: str
    """The measured values that the figure is calculated from."""
    at_least: bool = False
    """Whether ``target`` is a minimum. Otherwise it is a maximum."""
    unit: str = ""

    @property
    def reached(self) -> bool:
        """Whether the unrounded figure meets its target."""
        return self.figure >= self.target if self.at_least else self.figure <= self.target

    def cells(self) -> list[str]:
        """Return the row as it is printed."""
        figure, target = (
            f"{value:.0f} {self.unit}" if self.unit else f"{value:.2f}" for value in (self.figure, self.target)
        )
        sign = ">=" if self.at_least else "<="
        return [self.case, self.measured, figure, f"{sign} {target}", "reached" if self.reached else "NOT REACHED"]


def table(rows: Iterable[Row]) -> str:
    """Return the rows as a Markdown table."""
    headings = ["case", "measured", "figure", "target", "result"]
    lines = [headings, ["---"] * len(headings), *(row.cells() for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def median_ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """Return the median of the ratios within each round, so that a busy machine affects both values."""
    return median(one / other for one, other in zip(above, below, strict=True))


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


def _ratio(case: str, target: float, measures: Measures, own: str, floor: str) -> Row:
    """Return the row of a run compared with its floor; if it is measured, also with only the requests of the script."""
    measured = f"{median(measures[own]):.2f} s / {median(measures[floor]):.2f} s"
    if strict := measures.get(f"{floor}_requests_only"):
        measured += f"; ratio {median_ratio(measures[own], strict):.2f} with only the script's requests"
    return Row(case, median_ratio(measures[own], measures[floor]), target, measured)


def revoking_rows(measures: Measures) -> list[Row]:
    own, loop, floor = (measures[name] for name in ("own_100", "loop_100", "floor_100"))
    tokens, least = "100 tokens, 50 ms a request:", LATENCY / CONCURRENCY * 1000
    many = [(measures[f"{name}_100"], measures[f"{name}_1000"]) for name in ("own", "bare")]
    added, bare = (median((after - before) / 900 * 1000 for before, after in zip(*both, strict=True)) for both in many)
    times = f"loop {median(loop):.2f} s, {median_ratio(loop, own[: len(loop)]):.1f} times as long as own"
    each = f"{added:.2f} ms / {least:.2f} ms; the script alone {bare:.2f} ms"
    return [
        _ratio(f"{tokens} own / floor", 1.05, measures, "own_100", "floor_100"),
        Row(
            f"{tokens} (`uri` loop / own) / (`uri` loop / floor)", median_ratio(floor, own), 0.95, times, at_least=True
        ),
        Row("from 100 to 1,000 tokens: added time a token / (latency / concurrency)", added / least, 1.03, each),
    ]


def limited_rows(measures: Measures) -> list[Row]:
    case = f"{LIMITED} tokens against {LIMIT} requests per {WINDOW:g} s: own / best possible"
    sent, needed = median(measures["requests_limited"]), LIMITED + 2  # a list before and one after
    return [
        _ratio(case, 1.03, measures, "own_limited", "best_limited"),
        Row("the same: requests sent / requests needed", sent / needed, 1.11, f"{sent:.0f} / {needed}"),
    ]


def listing_rows(measures: Measures) -> list[Row]:
    case = "info over 10,000 listed tokens, all returned: own / a module that returns the same from a file"
    return [
        _ratio(case, 1.15, measures, "own_all", "floor_all"),
        _ratio("the same, one selected: own / floor", 1.15, measures, "own_one", "floor_list"),
    ]


def role_rows(measures: Measures) -> list[Row]:
    review, set_fact = (
        "playbook review, 10,000 tokens, all formats",
        "a play that only returns the report and sets the fact",
    )
    parallel = f"the same, {ACCOUNTS} accounts in parallel, summary / ping playbook"
    return [
        _ratio("playbook offboard, two people, report / ping playbook", 1.15, measures, "offboard", "ping"),
        _ratio(parallel, 2.6, measures, "offboard_all", "ping"),
        _ratio(f"{review} / ping playbook", 3.2, measures, "review", "ping"),
        _ratio(f"{review} / {set_fact}", 1.3, measures, "review", "floor_review"),
    ]


def memory_rows(measures: Measures) -> list[Row]:
    none, fewer, some, most = (measures[f"memory_{listed}"][0] for listed in LISTED)
    growth = ((most - none) / LISTED[3]) / ((fewer - none) / LISTED[1])
    peak = "revoking 5,000 of 50,000 listed (no latency): peak memory of the module process"
    all_three = f"{fewer:.0f}, {some:.0f} and {most:.0f} MiB with 10,000, 25,000 and 50,000"
    return [
        Row(peak, most, 100, f"{none:.0f} MiB with none listed", unit="MiB"),
        Row("the same is linear: memory a token, of 50,000 / of 10,000 listed", growth, 1.1, all_three),
    ]
