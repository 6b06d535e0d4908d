# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import signal

import pytest

from ansible_collections.zchat.admin.plugins.module_utils._interruption import (
    GRACE,
    _interrupt_without_reader,
    interruptible,
)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_interrupt_and_are_restored(number):
    before = [signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)]
    with interruptible() as interrupted:
        assert not interrupted.is_set()
        os.kill(os.getpid(), number)
        assert interrupted.wait(10)
        # After that time, SIGALRM ends the process.
        assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= GRACE
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
    assert [signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)] == before


def test_signals_are_restored_after_an_exception():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(ValueError, match="reason"), interruptible():
        raise ValueError("reason")
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_closed_reader_of_the_output_interrupts():
    reader, writer = os.pipe()
    before = os.dup(1)
    os.dup2(writer, 1)
    try:
        with interruptible() as interrupted:
            assert not interrupted.is_set()
            os.close(reader)
            assert interrupted.wait(10)
    finally:
        os.dup2(before, 1)
        os.close(before)
        os.close(writer)


def test_an_output_that_is_closed_from_the_start_interrupts_nothing():
    before = os.dup(1)
    os.close(1)
    try:
        _interrupt_without_reader()
    finally:
        os.dup2(before, 1)
        os.close(before)
