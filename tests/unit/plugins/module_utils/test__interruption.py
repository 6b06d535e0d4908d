# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from ansible_collections.zchat.admin.plugins.module_utils import _interruption
from ansible_collections.zchat.admin.plugins.module_utils._interruption import (
    Interruption,
    output_has_no_reader,
    run_concurrently,
)

NUMBERS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM]


@pytest.mark.parametrize("number", NUMBERS)
def test_signals_interrupt_and_are_restored_also_after_an_exception(number):
    before = [*map(signal.getsignal, NUMBERS)]
    interruption = Interruption()
    with contextlib.suppress(ValueError), interruption.handle_signals():
        assert not interruption.happened
        assert interruption.wait(0.01) is False
        os.kill(os.getpid(), number)
        assert interruption.happened
        assert interruption.wait(60) is True
        is_timeout = number == signal.SIGALRM
        assert (interruption.timed_out, interruption.ansible_ends) == (is_timeout, not is_timeout)
        raise ValueError
    assert [*map(signal.getsignal, NUMBERS)] == before


def test_an_ignored_signal_stays_ignored():
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


def test_a_signal_ends_the_process_only_if_it_is_repeated_after_a_second(monkeypatch):
    now, ended = [0.0], []
    monkeypatch.setattr(_interruption, "time", SimpleNamespace(monotonic=lambda: now[0]))
    end = SimpleNamespace(getpid=os.getpid, kill=lambda process, number: ended.append(number))
    monkeypatch.setattr(_interruption, "os", end)
    with Interruption().handle_signals():
        for moment, number in [(0.0, signal.SIGTERM), (0.9, signal.SIGTERM), (1.5, signal.SIGINT)]:
            now[0] = moment
            os.kill(os.getpid(), number)
        assert ended == []
        os.kill(os.getpid(), signal.SIGTERM)
        assert ended == [signal.SIGTERM]


WAITING = f"""
import sys
sys.path.insert(0, {os.path.dirname(_interruption.__file__)!r})
import _interruption
_interruption._REPETITION = float(sys.argv[1])
while sys.stdin.readline():
    interruption = _interruption.Interruption()
    with interruption.handle_signals():
        print("ready", flush=True)
        while not interruption.wait(0.01):
            pass
        print("interrupted", flush=True)
        _interruption.run_concurrently(lambda item: sys.stdin.readline(), [1], 1)
"""
"""Is interrupted once for each line of its input, and then works until the next line."""


def start_waiting(repetition: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WAITING, str(repetition)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)


def interrupt(process: subprocess.Popen[str], *numbers: int, pause: float = 0.0) -> None:
    process.stdin.write("begin\n")
    assert process.stdout.readline() == "ready\n"
    for number in numbers:
        process.send_signal(number)
        time.sleep(pause)  # what the test varies: the moment of the next signal
    assert process.stdout.readline() == "interrupted\n"


def test_the_same_signal_again_ends_the_process_while_it_works():
    with start_waiting(repetition=0) as process:
        interrupt(process, signal.SIGTERM)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == -signal.SIGTERM


def test_quick_repetitions_of_a_signal_neither_end_nor_block_the_process():
    """Ansible and service managers send a signal several times at once, in any moment."""
    with start_waiting(repetition=3600) as process:
        for pause in (0.0, 0.0001, 0.001, 0.005) * 10:
            interrupt(process, signal.SIGINT, signal.SIGTERM, signal.SIGTERM, signal.SIGINT, pause=pause)
            process.stdin.write("end\n")
        process.stdin.close()
        assert process.wait(60) == 0


def test_an_output_that_lost_its_reader_but_not_one_that_is_closed_from_the_start():
    reader, writer = os.pipe()
    before = os.dup(1)
    try:
        os.close(1)
        assert not output_has_no_reader()
        os.dup2(writer, 1)
        assert not output_has_no_reader()
        os.close(reader)
        assert output_has_no_reader()
    finally:
        os.dup2(before, 1)
        os.close(before)
        os.close(writer)


def test_after_the_first_exception_no_further_call_starts():
    started: list[int] = []

    def work(number: int) -> None:
        started.append(number)
        if number == 0:
            raise RuntimeError("a mistake in the work")
        time.sleep(0.01)  # otherwise, all calls could end before the exception is noticed

    with pytest.raises(RuntimeError, match="a mistake in the work"):
        run_concurrently(work, range(1000), 2)
    assert len(started) < 1000
