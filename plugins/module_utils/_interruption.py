# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Interruption of a run: the one place that handles signals, sleeps, and waits for threads."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent import futures
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)
_REPETITION = 1.0
"""Seconds after a signal from which the same signal counts as another one. Ansible and service managers send each of them up to
three times at once: to the process group, forwarded, and again when Ansible ends its processes."""
_STEP = 0.2
"""Seconds of one wait. Python runs a signal handler only in the main thread, and only between two waits of it."""


class Interruption:
    """Whether the run should end. Then no further request is sent, and active ones get their response.

    A handler can run while the main thread holds a lock. So it only sets an attribute, and takes no lock.
    """

    def __init__(self, ansible_ended: Callable[[], bool] = lambda: False) -> None:
        """``ansible_ended`` returns whether no process waits for the result of this one."""
        self._ansible_ended = ansible_ended
        self._received: dict[int, float] = {}
        """When each signal arrived, in seconds of a clock that never decreases."""

    @property
    def happened(self) -> bool:
        """Whether a signal arrived, or Ansible ended."""
        return bool(self._received) or self._ansible_ended()

    @property
    def timed_out(self) -> bool:
        """Whether the ``timeout`` of the task is over, which Ansible implements with SIGALRM."""
        return signal.SIGALRM in self._received

    @property
    def ansible_ends(self) -> bool:
        """Whether Ansible was stopped, so that it no longer reads a result."""
        return any(number != signal.SIGALRM for number in self._received) or self._ansible_ended()

    @contextmanager
    def handle_signals(self) -> Iterator[None]:
        """Handle the signals that end a run, except those that this process ignores, as under nohup."""
        handled = [number for number in _SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
        before = {number: signal.signal(number, self._handle) for number in handled}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        """Note a signal. The same one again, later than an automatic repetition, ends the process at once."""
        now = time.monotonic()
        if number in self._received and now - self._received[number] >= _REPETITION:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        self._received = {number: now, **self._received}

    def wait(self, seconds: float) -> bool:
        """Wait, and return whether the run was interrupted."""
        end = time.monotonic() + seconds
        while not self.happened:
            rest = end - time.monotonic()
            if rest <= 0:
                return False
            time.sleep(min(rest, _STEP))
        return True


class NoThreadError(Exception):
    """This host cannot start another thread."""


def run_concurrently(work: Callable[[_Item], _Result], items: Collection[_Item], threads: int) -> list[_Result]:
    """Return the result of ``work`` for each item. The calling thread, which handles signals, never waits for long.

    After the first exception no further call starts, and active calls end before it is raised. Raises
    :class:`NoThreadError`.
    """
    if not items:
        return []
    with futures.ThreadPoolExecutor(min(threads, len(items))) as workers:
        running: list[futures.Future[_Result]] = []
        try:
            try:
                running.extend(workers.submit(work, item) for item in items)
            except RuntimeError:
                raise NoThreadError from None
            unfinished: Iterable[futures.Future[_Result]] = running
            while unfinished:
                done, unfinished = futures.wait(unfinished, timeout=_STEP, return_when=futures.FIRST_EXCEPTION)
                for future in done:
                    future.result()
            return [future.result() for future in running]
        finally:
            for future in running:
                future.cancel()


def output_has_no_reader() -> bool:
    """Return whether nobody reads the standard output of this process any more: how a module notices the end of Ansible."""
    output = select.poll()
    output.register(1, 0)  # errors and hang-ups are always reported
    return any(event & (select.POLLERR | select.POLLHUP) for _descriptor, event in output.poll(0))
