# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ends runs in the middle of 200 revocations, in each way in which somebody may."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import select
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible.release import __version__

from tests.integration.ansible_run import Player, Playing, chat_defaults, sandbox_variables
from tests.sandbox import Sandbox

TOKENS = 200
LATENCY = 0.1
CONCURRENCY = 4
"""Five seconds in all, if nobody ends it."""
SOON = 1.5
"""Seconds after which no DELETE may start any more."""
ENDED = 10.0
"""Seconds after which nothing of the run may be left."""
LOG = Path("/dev/log")
CORE = tuple(int(part) for part in __version__.split(".")[:2])

REVOKE: dict[str, Any] = {
    "name": "revoke",
    "zchat.admin.zchat_oauth_token": {
        "state": "absent",
        "client_identifier": "generated",
        "concurrency": CONCURRENCY,
    },
}


def _wait_for_end(playing: Playing) -> None:
    """Wait until no process of the run is left: those there are, and then those that they began meanwhile."""
    deadline = time.monotonic() + ENDED
    while left := playing.processes():
        for process_id in left:
            with contextlib.suppress(ProcessLookupError):
                _wait_for_process(process_id, deadline)
    playing.process.wait(ENDED)


def _wait_for_process(process_id: int, deadline: float) -> None:
    """Wait for the end of a process, which need not be a child of this one. Raises ``ProcessLookupError`` if it has ended."""
    descriptor = os.pidfd_open(process_id)
    try:
        ended, _writable, _failed = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
    finally:
        os.close(descriptor)
    assert ended, f"process {process_id} is left after {ENDED} s"


def _deletes(sandbox: Sandbox) -> list[float]:
    """When each DELETE came, in seconds since the epoch."""
    return [entry["at"] for entry in sandbox.state.requests if entry["method"] == "DELETE"]


def _module(playing: Playing) -> int:
    """The process that runs the module."""
    (found,) = (
        process_id
        for process_id, command in playing.processes().items()
        if "python" in Path(command[0]).name and any("AnsiballZ_zchat_oauth_token" in word for word in command)
    )
    return found


def _terminal(playing: Playing) -> None:
    os.killpg(playing.process.pid, signal.SIGINT)


def _service_manager(playing: Playing) -> None:
    os.kill(playing.process.pid, signal.SIGTERM)


def _one_signal(playing: Playing) -> None:
    os.kill(playing.process.pid, signal.SIGINT)


def _module_alone(playing: Playing) -> None:
    os.kill(_module(playing), signal.SIGTERM)


def _killed(playing: Playing) -> None:
    """End Ansible itself without a chance to tell its module, which has only its output to learn it from."""
    for process_id, command in playing.processes().items():
        if any(Path(word).name == "ansible-playbook" for word in command):
            os.kill(process_id, signal.SIGKILL)


def _play_and_end(player: Player, sandbox: Sandbox, end: Callable[[Playing], None]) -> tuple[Playing, float]:
    """Start to revoke, end that in the middle, and wait until nothing of it is left; when it was ended."""
    sandbox.reset(tokens=TOKENS, latency=LATENCY)
    playing = player.start([REVOKE], variables=sandbox_variables(sandbox), module_defaults=chat_defaults())
    try:
        assert sandbox.state.wait_for_requests(20, 30, "DELETE")
        ended_at = time.time()
        end(playing)
        _wait_for_end(playing)
    finally:
        for process_id in playing.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process_id, signal.SIGKILL)
        playing.process.wait(10)
    return playing, ended_at


@pytest.mark.parametrize(
    "end",
    [
        _terminal,
        pytest.param(
            _service_manager,
            marks=pytest.mark.skipif(
                CORE < (2, 19), reason="before 2.19, ansible-core leaves its workers at work when it gets a SIGTERM"
            ),
        ),
        _one_signal,
        _module_alone,
        _killed,
    ],
)
def test_interrupted(end: Callable[[Playing], None], player: Player, sandbox: Sandbox) -> None:
    """No further DELETE starts, everything ends, and a second run finishes the job."""
    playing, ended_at = _play_and_end(player, sandbox, end)
    run = playing.wait()
    assert run.rc != 0
    deletes = _deletes(sandbox)
    assert 20 <= len(deletes) < TOKENS
    assert [moment - ended_at for moment in deletes if moment > ended_at + SOON] == []
    left = {number for number, token in sandbox.state.tokens.items() if token["client_identifier"] == "generated"}
    assert len(left) == TOKENS - len(deletes)
    if end is _module_alone:
        result = run.check_failed("revoke")
        assert {token["id"] for token in result["revoked"]}.isdisjoint(left)
        assert len(result["revoked"]) == len(deletes)
        assert {entry["id"] for entry in result["not_revoked"]} == left
        assert f"Revoked {len(deletes)} of {TOKENS} tokens." in result["msg"]
        assert "Not sent, since the run was interrupted. Run the task again to finish it." in result["msg"]
    sandbox.state.clear_requests()
    sandbox.state.options = dataclasses.replace(sandbox.state.options, latency=0.0)
    again = player.play([REVOKE], variables=sandbox_variables(sandbox), module_defaults=chat_defaults()).check()
    assert {token["id"] for token in again["revoke"]["revoked"]} == left
    assert again["revoke"]["verified"]
    assert len(_deletes(sandbox)) == len(left)
    assert run.leaked(sandbox.state.secrets) == {}


@pytest.fixture
def system_log() -> Iterator[list[str]]:
    """What is sent to the system log while the test runs. Skips where that belongs to somebody else."""
    if LOG.exists() or LOG.is_symlink():
        pytest.skip(f"there is a system log at {LOG} already")
    lines: list[str] = []
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        try:
            listening.bind(str(LOG))
        except OSError as problem:
            pytest.skip(f"{LOG} cannot be made here: {problem.strerror}")
        LOG.chmod(0o666)
        reader = threading.Thread(target=_read, args=(listening, lines), daemon=True)
        reader.start()
        try:
            yield lines
        finally:
            LOG.unlink(missing_ok=True)
            listening.shutdown(socket.SHUT_RDWR)
            reader.join(5)
    finally:
        listening.close()


def _read(listening: socket.socket, lines: list[str]) -> None:
    while True:
        line = listening.recv(65_536)
        if not line:
            return
        lines.append(line.decode("utf-8", "replace"))


def test_system_log(system_log: list[str], player: Player, sandbox: Sandbox) -> None:
    """Of a run that tells nothing any more, the log tells each revocation, as it happened, and no secret."""

    def kill(playing: Playing) -> None:
        # By now the log must hold what has been answered by now: it is not written at the end.
        answered = [e for e in sandbox.state.requests if e["method"] == "DELETE" and e["status"] == 204]
        assert len(_logged(system_log, sandbox)) >= len(answered) - CONCURRENCY > 0
        os.kill(_module(playing), signal.SIGKILL)

    _play_and_end(player, sandbox, kill)
    logged = _logged(system_log, sandbox)
    answered = [
        int(entry["path"].rpartition("/")[2])
        for entry in sandbox.state.requests
        if entry["method"] == "DELETE" and entry["status"] == 204
    ]
    # What was under way when it was killed, nobody could log any more.
    assert len(logged) == len(set(logged))
    assert set(logged) <= set(answered)
    assert len(logged) >= len(answered) - CONCURRENCY
    assert len(logged) >= 10
    text = "\n".join(system_log)
    assert [secret for secret in sandbox.state.secrets if secret[:12] in text] == []


def _logged(lines: list[str], sandbox: Sandbox) -> list[int]:
    """The ids that the log says were revoked at this sandbox; other runs may write to it, too."""
    pattern = re.compile(rf"revoked OAuth token (\d+) of agent \d+ at {re.escape(sandbox.api_url)}\b")
    return [int(found.group(1)) for found in map(pattern.search, list(lines)) if found]
