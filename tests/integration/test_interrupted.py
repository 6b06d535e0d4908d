# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that are interrupted while they revoke many tokens: by signals of each kind, and by a kill."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import select
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.release import __version__

from tests.integration.ansible_run import Player, Playing, chat_defaults, sandbox_variables
from tests.sandbox import Sandbox

TOKENS = 100
LATENCY = 0.1
CONCURRENCY = 4
"""The run takes 2.5 seconds if it is not interrupted."""
STARTED = 12
"""Number of DELETE requests before the interruption."""
SOON = 1.5
"""Seconds after the interruption, after which no DELETE may start."""
ENDED = 10.0
"""Seconds after which no process of the run may exist."""
CORE = tuple(int(part) for part in __version__.split(".")[:2])

REVOKE: dict[str, Any] = {
    "name": "revoke",
    "zchat.admin.zchat_oauth_token": {
        "state": "absent",
        "client_identifier": "generated",
        "concurrency": CONCURRENCY,
        "journal": "{{ playbook_dir }}/journal.jsonl",
    },
}


def _wait_for_end(playing: Playing) -> None:
    """Wait until no process of the run exists, including those that it starts meanwhile."""
    deadline = time.monotonic() + ENDED
    while left := playing.processes():
        for process_id in left:
            with contextlib.suppress(ProcessLookupError):
                _wait_for_process(process_id, deadline)
    playing.process.wait(ENDED)


def _wait_for_process(process_id: int, deadline: float) -> None:
    """Wait for the end of a process, which can be a child of another one. Raises ``ProcessLookupError`` if it has ended."""
    descriptor = os.pidfd_open(process_id)
    try:
        ended, _writable, _failed = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
    finally:
        os.close(descriptor)
    assert ended, f"process {process_id} still exists after {ENDED} s"


def _deletes(sandbox: Sandbox) -> list[float]:
    """Return the time of each DELETE in seconds since the epoch."""
    return [entry["at"] for entry in sandbox.state.requests if entry["method"] == "DELETE"]


def _confirmed(sandbox: Sandbox) -> list[int]:
    """Return the ids of the tokens whose DELETE got a response."""
    return [
        int(entry["path"].rpartition("/")[2])
        for entry in sandbox.state.requests
        if entry["method"] == "DELETE" and entry["status"] == 204
    ]


def _left(sandbox: Sandbox) -> set[int]:
    """Return the ids of the tokens that still exist."""
    return {number for number, token in sandbox.state.tokens.items() if token["client_identifier"] == "generated"}


def _module(playing: Playing) -> int:
    """Return the id of the process that runs the module."""
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


def _only_the_module(playing: Playing) -> None:
    os.kill(_module(playing), signal.SIGTERM)


def _kill_ansible(playing: Playing) -> None:
    """Kill Ansible itself. The module notices it only because its standard output has no reader."""
    for process_id, command in playing.processes().items():
        if any(Path(word).name == "ansible-playbook" for word in command):
            os.kill(process_id, signal.SIGKILL)


def _interrupt(player: Player, sandbox: Sandbox, end: Callable[[Playing], None]) -> tuple[Playing, float]:
    """Start a run, interrupt it, and wait until no process of it exists. Return it and the time of the interruption."""
    sandbox.reset(tokens=TOKENS, latency=LATENCY)
    playing = player.start([REVOKE], variables=sandbox_variables(sandbox), module_defaults=chat_defaults())
    try:
        assert sandbox.state.wait_for_requests(STARTED, 30, "DELETE")
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
                CORE < (2, 19), reason="before 2.19, ansible-core does not stop its workers when it gets a SIGTERM"
            ),
        ),
        _one_signal,
        _only_the_module,
        _kill_ansible,
    ],
)
def test_interrupted(end: Callable[[Playing], None], player: Player, sandbox: Sandbox) -> None:
    """No further DELETE starts, every process ends, the journal is complete, and a second run revokes the other tokens."""
    playing, ended_at = _interrupt(player, sandbox, end)
    run = playing.wait()
    assert run.rc != 0
    deletes = _deletes(sandbox)
    assert STARTED <= len(deletes) < TOKENS
    assert [moment - ended_at for moment in deletes if moment > ended_at + SOON] == []
    left = _left(sandbox)
    assert len(left) == TOKENS - len(deletes)
    # Active requests could complete.
    assert sorted(_journal(playing)) == sorted(_confirmed(sandbox))
    assert run.leaked(sandbox.state.secrets) == {}
    if end is not _only_the_module:
        return
    result = run.check_failed("revoke")
    assert {token["id"] for token in result["not_revoked"]} == left
    assert len(result["revoked"]) == len(deletes)
    assert f"Revoked {len(deletes)} of {TOKENS} tokens." in result["msg"]
    assert "Not sent, because the run was interrupted." in result["msg"]
    sandbox.state.clear_requests()
    sandbox.state.options = dataclasses.replace(sandbox.state.options, latency=0.0)
    again = player.play([REVOKE], variables=sandbox_variables(sandbox), module_defaults=chat_defaults()).check()
    assert {token["id"] for token in again["revoke"]["revoked"]} == left
    assert again["revoke"]["verified"]
    assert len(_deletes(sandbox)) == len(left)


def test_killed(system_log: list[str], player: Player, sandbox: Sandbox) -> None:
    """The journal and the system log of a module that was killed contain each revocation, and no secret."""

    def kill(playing: Playing) -> None:
        # Both are written during the run, not at its end.
        for recorded in (_logged(system_log, sandbox), _journal(playing)):
            assert len(recorded) >= len(_confirmed(sandbox)) - CONCURRENCY > 0
        os.kill(_module(playing), signal.SIGKILL)

    playing, _ended_at = _interrupt(player, sandbox, kill)
    text = (playing.folder / "journal.jsonl").read_text("utf-8")
    confirmed = _confirmed(sandbox)
    for recorded in (_logged(system_log, sandbox), _journal(playing)):
        # Responses that arrived when the module was killed are missing.
        assert len(recorded) == len(set(recorded))
        assert set(recorded) <= set(confirmed)
        assert len(recorded) >= len(confirmed) - CONCURRENCY
        assert len(recorded) >= STARTED - CONCURRENCY
    text += "\n".join(system_log)
    assert [secret for secret in sandbox.state.secrets if secret[:12] in text] == []


def _logged(lines: list[str], sandbox: Sandbox) -> list[int]:
    """Return the ids in the system log for this sandbox. Other runs can write to the same log."""
    pattern = re.compile(rf"revoked OAuth token (\d+) of agent \d+ at {re.escape(sandbox.api_url)}\b")
    return [int(found.group(1)) for found in map(pattern.search, list(lines)) if found]


def _journal(playing: Playing) -> list[int]:
    """Return the ids in the journal."""
    lines = (playing.folder / "journal.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["token"] for line in lines]
