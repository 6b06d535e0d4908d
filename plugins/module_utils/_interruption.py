# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Interruption of a run: the one place that handles signals."""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

GRACE = 5
"""Seconds that active requests have to complete after an interruption."""


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """Provide an event that is set when this process should end: on SIGINT, on SIGTERM, or if its output has no reader.

    The last is how a module notices that Ansible was killed; without it, the module would continue to revoke tokens and
    could report to no one. Active requests can complete and be recorded; after GRACE seconds, SIGALRM ends the process.
    """
    interrupted = threading.Event()

    def interrupt(number: int, frame: FrameType | None) -> None:
        interrupted.set()
        signal.alarm(GRACE)

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    threading.Thread(target=_interrupt_without_reader, daemon=True).start()
    try:
        yield interrupted
    finally:
        signal.alarm(0)
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt_without_reader() -> None:
    """Wait until the reader of standard output closes it, and send SIGINT to this process."""
    output = select.poll()
    output.register(1, 0)  # errors and hang-ups are always reported
    if any(event & (select.POLLERR | select.POLLHUP) for descriptor, event in output.poll()):
        os.kill(os.getpid(), signal.SIGINT)
