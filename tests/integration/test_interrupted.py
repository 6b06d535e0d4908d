# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that are interrupted while they revoke many tokens: by signals of each kind, by a timeout, and by a kill."""

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


OFFBOARD: dict[str, Any] = {
    "name": "offboard",
    "zchat.admin.zchat_offboard": {
        "agent_ids": [100000204, 10000026],
        "report_dir": "{{ playbook_dir }}/reports",
        "report_formats": "json",
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


def _worker(playing: Playing) -> int:
    """Return the id of the process that Ansible forked for the task."""
    (found,) = playing.processes().keys() - {playing.process.pid}
    return found


def _terminal(playing: Playing) -> None:
    os.killpg(playing.process.pid, signal.SIGINT)


def _closed_terminal(playing: Playing) -> None:
    os.killpg(playing.process.pid, signal.SIGHUP)


def _service_manager(playing: Playing) -> None:
    os.kill(playing.process.pid, signal.SIGTERM)


def _every_process(number: signal.Signals) -> Callable[[Playing], None]:
    """A signal to each process of the run, as a service manager sends it. Ansible itself sends it to its processes again."""

    def end(playing: Playing) -> None:
        for process_id in playing.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process_id, number)

    return end


def _one_signal(playing: Playing) -> None:
    os.kill(playing.process.pid, signal.SIGINT)


def _only_the_module(playing: Playing) -> None:
    os.kill(_module(playing), signal.SIGTERM)


def _kill_worker(playing: Playing) -> None:
    os.kill(_worker(playing), signal.SIGKILL)


def _timeout(playing: Playing) -> None:
    """The task has a timeout."""


def _kill_ansible(playing: Playing) -> None:
    """Kill Ansible itself. The module notices it only because its standard output has no reader."""
    for process_id, command in playing.processes().items():
        if any(Path(word).name == "ansible-playbook" for word in command):
            os.kill(process_id, signal.SIGKILL)


def _kill_only_ansible(playing: Playing) -> None:
    """Kill the main process of Ansible, and not the one that it forked for the task."""
    os.kill(playing.process.pid, signal.SIGKILL)


def _interrupt(
    player: Player,
    sandbox: Sandbox,
    end: Callable[[Playing], None],
    task: dict[str, Any] | None = None,
    tokens: int = TOKENS,
    latency: float = LATENCY,
) -> tuple[Playing, float]:
    """Start a run, interrupt it, and wait until no process of it exists. Return it and the time of the interruption."""
    sandbox.reset(tokens=tokens, latency=latency)
    playing = player.start([task or REVOKE], variables=sandbox_variables(sandbox), module_defaults=chat_defaults())
    try:
        assert sandbox.state.wait_for_requests(STARTED, 30 + 10 * latency, "DELETE")
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
        *(_terminal, _closed_terminal, _service_manager, _one_signal),
        *(_only_the_module, _kill_ansible, _kill_only_ansible),
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


@dataclasses.dataclass
class End:
    """What is recorded of an offboarding that was interrupted."""

    sent: set[int]
    """The ids of the tokens for which the sandbox received a DELETE."""
    late: list[float]
    """The seconds after the interruption of each DELETE that started after SOON."""
    journal: dict[int, str]
    """The last event of each token in the journal."""
    report: dict[str, Any] | None


def interrupted_offboarding(
    player: Player, sandbox: Sandbox, end: Callable[[Playing], None], latency: float = 0.3
) -> End:
    """Interrupt an offboarding of more than a hundred tokens."""
    task = {**OFFBOARD, "timeout": 2 + round(2 * latency)} if end is _timeout else OFFBOARD
    playing, ended_at = _interrupt(player, sandbox, end, task, 200, latency)
    if end is _timeout:
        ended_at = max(_deletes(sandbox))
    run = playing.wait()
    assert run.rc != 0
    assert "Traceback (most recent call last)" not in run.output
    assert run.leaked(sandbox.state.secrets) == {}
    reports = playing.folder / "reports"
    (journal,) = reports.glob("*.jsonl")
    lines = [json.loads(line) for line in journal.read_text("utf-8").splitlines()]
    found = list(reports.glob("*.json"))
    return End(
        {int(entry["path"].rpartition("/")[2]) for entry in sandbox.state.requests if entry["method"] == "DELETE"},
        [moment - ended_at for moment in _deletes(sandbox) if moment > ended_at + SOON],
        {line["token"]: line["event"] for line in lines},
        json.loads(found[0].read_text("utf-8")) if found else None,
    )


@pytest.mark.parametrize(
    "end",
    [
        *(_terminal, _service_manager, _closed_terminal, _kill_only_ansible, _timeout, _kill_worker),
        *(_every_process(signal.SIGTERM), _every_process(signal.SIGINT)),
    ],
)
def test_an_interrupted_offboarding_is_recorded(
    end: Callable[[Playing], None], player: Player, sandbox: Sandbox
) -> None:
    """No DELETE starts after the interruption, and the journal and the report have each one that was sent."""
    ended = interrupted_offboarding(player, sandbox, end)
    assert ended.late == []
    assert len(ended.sent) >= STARTED
    # Each DELETE is in the journal, before it is sent.
    assert ended.sent <= ended.journal.keys()
    revoked = {number for number, event in ended.journal.items() if event == "revoked"}
    if end is _kill_worker:
        assert ended.report is None
        assert {ended.journal[number] for number in ended.sent - revoked} <= {"delete"}
        return
    # Active ones complete.
    assert revoked == ended.sent
    assert ended.report is not None
    rows = [row for person in ended.report["agents"] for row in person["tokens"]]
    assert {row["id"] for row in rows if row["result"] == "revoked"} == ended.sent
    assert len(rows) > len(ended.sent)
    assert (ended.report["complete"], ended.report["verified"]) == (False, False)
    assert ended.report["headline"].startswith("NOT COMPLETE: ")


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
    assert set(confirmed) <= set(_journal(playing, "delete")), "each DELETE that was sent is in the journal"
    text += "\n".join(system_log)
    assert [secret for secret in sandbox.state.secrets if secret[:12] in text] == []


def _logged(lines: list[str], sandbox: Sandbox) -> list[int]:
    """Return the ids in the system log for this sandbox. Other runs can write to the same log."""
    pattern = re.compile(rf"revoked OAuth token (\d+) of agent \d+ at {re.escape(sandbox.api_url)}\b")
    return [int(found.group(1)) for found in map(pattern.search, list(lines)) if found]


def _journal(playing: Playing, event: str = "revoked") -> list[int]:
    """Return the ids in the journal with this event."""
    lines = (playing.folder / "journal.jsonl").read_text("utf-8").splitlines()
    return [line["token"] for line in map(json.loads, lines) if line["event"] == event]
