# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from ansible_collections.zchat.admin.plugins.module_utils import _interruption
from ansible_collections.zchat.admin.plugins.module_utils._interruption import (
    Interruption,
    NoThreadError,
    output_has_no_reader,
    run_concurrently,
)

NUMBERS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM]


@pytest.mark.parametrize("number", NUMBERS)
def test_signals_interrupt_and_are_restored(number):
    before = [signal.getsignal(each) for each in NUMBERS]
    interruption = Interruption()
    with interruption.handle_signals():
        assert not interruption.happened
        assert interruption.wait(0.01) is False
        os.kill(os.getpid(), number)
        assert interruption.happened
        assert interruption.wait(60) is True
        is_timeout = number == signal.SIGALRM
        assert (interruption.timed_out, interruption.ansible_ends) == (is_timeout, not is_timeout)
    assert [signal.getsignal(each) for each in NUMBERS] == before


def test_signals_are_restored_after_an_exception():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(ValueError, match="reason"), Interruption().handle_signals():
        raise ValueError("reason")
    assert signal.getsignal(signal.SIGTERM) is before


def test_an_ignored_signal_stays_ignored(monkeypatch):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        interruption = Interruption()
        with interruption.handle_signals():
            os.kill(os.getpid(), signal.SIGHUP)
            assert not interruption.happened
    finally:
        signal.signal(signal.SIGHUP, before)


def test_the_end_of_ansible_interrupts():
    ended: list[bool] = []
    interruption = Interruption(lambda: bool(ended))
    assert (interruption.happened, interruption.ansible_ends) == (False, False)
    ended.append(True)
    assert (interruption.happened, interruption.ansible_ends, interruption.timed_out) == (True, True, False)


WAITING = f"""
import importlib.util, sys
spec = importlib.util.spec_from_file_location("interruption", {_interruption.__file__!r})
module = importlib.util.module_from_spec(spec)
sys.modules["interruption"] = module
spec.loader.exec_module(module)
interruption = module.Interruption()
with interruption.handle_signals():
    print("ready", flush=True)
    while not interruption.wait(0.01):
        pass
    print("interrupted", flush=True)
    module.run_concurrently(lambda item: module.time.sleep(60), [1], 1)
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_the_same_signal_again_ends_the_process(name):
    number = getattr(signal, name)
    code = WAITING.replace("interruption = ", "module._REPETITION = 0.0\ninterruption = ")
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.stdout.readline() == "interrupted\n"
        process.send_signal(number)
        assert process.wait(10) == -number


def test_quick_repetitions_of_a_signal_neither_end_nor_block_the_process():
    """Ansible and service managers send a signal several times at once, in any moment."""
    code = WAITING.replace("module.time.sleep(60)", "module.time.sleep(0.3)")
    for pause in (0.0, 0.0001, 0.001, 0.01) * 5:
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout.readline() == "ready\n"
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGTERM, signal.SIGINT):
                process.send_signal(number)
                time.sleep(pause)
            assert process.stdout.read() == "interrupted\n"
            assert process.wait(10) == 0


def replace_output(descriptor: int) -> int:
    before = os.dup(1)
    os.dup2(descriptor, 1)
    return before


def test_a_closed_reader_of_the_output():
    reader, writer = os.pipe()
    before = replace_output(writer)
    try:
        assert not output_has_no_reader()
        os.close(reader)
        assert output_has_no_reader()
    finally:
        os.dup2(before, 1)
        os.close(before)
        os.close(writer)


def test_an_output_that_is_closed_from_the_start_does_not_count():
    before = os.dup(1)
    os.close(1)
    try:
        assert not output_has_no_reader()
    finally:
        os.dup2(before, 1)
        os.close(before)


# Threads


def test_results_are_in_the_order_of_the_items():
    barrier = threading.Barrier(3)

    def work(number: int) -> int:
        barrier.wait(10)
        return number * 2

    assert run_concurrently(work, [3, 1, 2], 3) == [6, 2, 4]
    assert run_concurrently(work, [], 3) == []


def test_after_the_first_exception_no_further_call_starts():
    started: list[int] = []

    def work(number: int) -> None:
        started.append(number)
        if number == 5:
            raise RuntimeError("a mistake in the work")
        threading.Event().wait(0.01)

    with pytest.raises(RuntimeError, match="a mistake in the work"):
        run_concurrently(work, range(1000), 2)
    assert len(started) < 1000


def test_only_a_thread_that_cannot_start_is_called_so(monkeypatch):
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(NoThreadError):
        run_concurrently(str, [1, 2], 2)
