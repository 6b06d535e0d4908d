# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that are interrupted while they revoke many tokens: by signals of each kind, by a timeout, and by a kill.

The times are limits for a slow machine. A test needs them only if it fails.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.ansible_run import Player, Playing, Run, client_pair
from tests.sandbox import Sandbox

TOKENS = 300
CONCURRENCY = 4
STARTED = 12
"""Number of DELETE requests before the interruption. The responses to later ones are slow."""
DELAY = 0.5
"""Seconds until a slow response. Without an interruption, a run takes TOKENS * DELAY / CONCURRENCY = 37 s."""
SOON = 8.0
"""Seconds after the interruption, after which no DELETE may start."""
ENDED = 60.0
"""Seconds after which no process of the run may exist."""

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
        "agent_ids": [100000204, 10000026, 10000001, 10000150],
        "own_token": "keep",
        "report_dir": "{{ playbook_dir }}/reports",
        "report_formats": "json",
    },
}


def _processes(playing: Playing) -> dict[int, list[str]]:
    """Return the command lines of all processes of the run, by process id. They are recognized by their environment.

    The session or the parent is not sufficient: Ansible starts a new session for each worker.
    """
    mark = f"TASK_RESULTS_PATH={playing.folder / 'results'}".encode()
    found = {}
    for entry in Path("/proc").iterdir():
        # A process can end meanwhile.
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                found[int(entry.name)] = (entry / "cmdline").read_text("utf-8", "replace").split("\0")
    return found


def _wait_for_end(playing: Playing) -> None:
    """Wait until no process of the run exists, including those that it starts meanwhile."""
    deadline = time.monotonic() + ENDED
    while left := _processes(playing):
        for process_id in left:
            with contextlib.suppress(ProcessLookupError), os.fdopen(os.pidfd_open(process_id)) as descriptor:
                ended = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))[0]
                assert ended, f"process {process_id} still exists after {ENDED} s"
    playing.process.wait(ENDED)


def _kill(processes: Iterable[int], number: signal.Signals) -> None:
    for process_id in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process_id, number)


def _module(playing: Playing) -> int:
    """Return the id of the process that runs the module."""
    (found,) = (
        process_id
        for process_id, command in _processes(playing).items()
        if "python" in Path(command[0]).name and any("AnsiballZ_zchat_oauth_token" in word for word in command)
    )
    return found


def _terminal(playing: Playing) -> None:
    os.killpg(playing.process.pid, signal.SIGINT)


def _closed_terminal(playing: Playing) -> None:
    """As a lost ssh session. The kernel sends SIGHUP. Before ansible-core 2.19, the worker gets it too."""
    assert playing.terminal is not None
    os.close(playing.terminal)


def _service_manager(playing: Playing) -> None:
    os.kill(playing.process.pid, signal.SIGTERM)


def _every_process_sigterm(playing: Playing) -> None:
    """As a service manager sends it. Ansible itself sends it to its processes again."""
    _kill(_processes(playing), signal.SIGTERM)


def _every_process_sigint(playing: Playing) -> None:
    _kill(_processes(playing), signal.SIGINT)


def _one_signal(playing: Playing) -> None:
    os.kill(playing.process.pid, signal.SIGINT)


def _only_the_module(playing: Playing) -> None:
    os.kill(_module(playing), signal.SIGTERM)


def _kill_worker(playing: Playing) -> None:
    """Kill the process that Ansible forked for the task."""
    _kill(_processes(playing).keys() - {playing.process.pid}, signal.SIGKILL)


def _timeout(playing: Playing) -> None:
    """The task has a timeout."""


def _kill_ansible(playing: Playing) -> None:
    """Kill Ansible itself. The module notices it only because its standard output has no reader."""
    found = _processes(playing).items()
    _kill((i for i, command in found if any(Path(w).name == "ansible-playbook" for w in command)), signal.SIGKILL)


def _kill_only_ansible(playing: Playing) -> None:
    """Kill the main process of Ansible, and not the one that it forked for the task."""
    os.kill(playing.process.pid, signal.SIGKILL)


@dataclass
class Interrupted:
    """What is recorded of a run that was interrupted."""

    run: Run
    folder: Path
    sent: set[int]
    """The ids of the tokens for which the sandbox received a DELETE."""
    confirmed: set[int]
    """Those whose DELETE got a response."""
    journal: list[dict[str, Any]]

    def events(self, *names: str) -> list[int]:
        """Return the ids of the tokens with these events in the journal."""
        return [line["token"] for line in self.journal if line["event"] in names]


def _interrupt(
    player: Player, sandbox: Sandbox, task: dict[str, Any], end: Callable[[Playing], None], pair: bool = False
) -> Interrupted:
    """Interrupt a run that has sent STARTED requests. No DELETE starts afterwards, every process ends, and no secret is printed.

    ``pair``: the run has a client id and a client secret.
    """
    sandbox.reset(tokens=TOKENS, faults=[{"method": "DELETE", "after": STARTED, "delay": DELAY}])
    environment = client_pair(sandbox) if pair else None
    account = None if pair else sandbox
    playing = player.start([task], account, environment=environment, terminal=end is _closed_terminal)
    try:
        assert sandbox.state.wait_for_requests(STARTED, 60, "DELETE")
        end(playing)
        ended_at = time.time()
        # Ansible can wait forever for a worker that was killed. What was sent is recorded by then.
        if end is not _kill_worker:
            _wait_for_end(playing)
    finally:
        _kill(_processes(playing), signal.SIGKILL)
    run = playing.wait()
    assert run.rc != 0
    assert run.leaked(sandbox.state.secrets) == {}
    deletes = [entry for entry in sandbox.state.requests if entry["method"] == "DELETE"]
    if end is not _timeout:
        assert [entry["at"] - ended_at for entry in deletes if entry["at"] > ended_at + SOON] == []
    ids = [int(entry["path"].rpartition("/")[2]) for entry in deletes]
    assert STARTED <= len(ids) == len(set(ids)) < TOKENS
    (journal,) = playing.folder.glob("**/*.jsonl")
    return Interrupted(
        run,
        playing.folder,
        set(ids),
        {token for token, entry in zip(ids, deletes, strict=True) if entry["status"] == 204},
        [json.loads(line) for line in journal.read_text("utf-8").splitlines()],
    )


@pytest.mark.parametrize(
    "end",
    [
        *(_terminal, _closed_terminal, _service_manager, _one_signal),
        *(_only_the_module, _kill_ansible, _kill_only_ansible),
    ],
)
def test_interrupted(end: Callable[[Playing], None], player: Player, sandbox: Sandbox) -> None:
    """No further DELETE starts, active ones complete, the journal is complete, and a second run revokes the other tokens."""
    found = _interrupt(player, sandbox, REVOKE, end)
    left = {number for number in sandbox.state.tokens if number > 1_000_000}
    assert len(left) == TOKENS - len(found.sent)
    assert sorted(found.events("revoked")) == sorted(found.confirmed)
    if end is not _only_the_module:
        return
    result = found.run["revoke"]
    assert {token["id"] for token in result["not_revoked"]} == left
    assert {token["id"] for token in result["revoked"]} == found.sent
    assert f"Revoked {len(found.sent)} of {TOKENS} tokens." in result["msg"]
    assert "the run was interrupted" in result["msg"]
    sandbox.state.set_faults([])
    again = player.play([REVOKE], sandbox).check()
    assert {token["id"] for token in again["revoke"]["revoked"]} == left
    assert again["revoke"]["verified"]


@pytest.mark.parametrize(
    "end",
    [
        *(_terminal, _service_manager, _closed_terminal, _kill_only_ansible, _timeout, _kill_worker),
        *(_every_process_sigterm, _every_process_sigint),
    ],
)
def test_an_interrupted_offboarding_is_recorded(
    end: Callable[[Playing], None], player: Player, sandbox: Sandbox
) -> None:
    """No DELETE starts after the interruption, and the journal and the report have each one that was sent."""
    found = _interrupt(player, sandbox, {**OFFBOARD, **({"timeout": 4} if end is _timeout else {})}, end)
    assert "Traceback (most recent call last)" not in found.run.output
    # Each DELETE is in the journal, before it is sent.
    assert found.sent <= set(found.events("delete"))
    reports = list((found.folder / "reports").glob("*.json"))
    if end is _kill_worker:
        assert reports == []
        assert set(found.events("revoked")) <= found.sent
        return
    # Active ones complete.
    assert set(found.events("revoked")) == found.sent
    report = json.loads(reports[0].read_text("utf-8"))
    rows = [row for person in report["agents"] for row in person["tokens"]]
    assert {row["id"] for row in rows if row["result"] == "revoked"} == found.sent
    assert len(rows) > len(found.sent)
    assert (report["complete"], report["verified"]) == (False, False)
    assert report["headline"].startswith("NOT COMPLETE: ")


@pytest.mark.parametrize(
    ("task", "end"),
    [
        *((REVOKE, end) for end in (_terminal, _closed_terminal, _service_manager, _only_the_module, _kill_ansible)),
        *((OFFBOARD, end) for end in (_terminal, _closed_terminal, _service_manager, _kill_only_ansible)),
        ({**REVOKE, "timeout": 4}, _timeout),
        ({**OFFBOARD, "timeout": 4}, _timeout),
    ],
)
def test_an_interrupted_run_revokes_its_own_token(
    task: dict[str, Any], end: Callable[[Playing], None], player: Player, sandbox: Sandbox
) -> None:
    """This DELETE is the last request, and the only one that is sent after the interruption. It is not in the journal."""
    found = _interrupt(player, sandbox, task, end, pair=True)
    (grant, *_others, last) = sandbox.state.requests
    assert (grant["method"], grant["path"]) == ("POST", "/oauth2/chat/token")
    own = int(last["path"].rpartition("/")[2])
    assert (last["method"], last["status"]) == ("DELETE", 204)
    assert [line for line in found.journal if line["token"] == own] == []
    assert set(found.events("revoked")) == found.sent - {own}
    assert [token for token in sandbox.state.tokens if token > 1_000_000 + TOKENS] == []
    assert own == 1_000_001 + TOKENS


def test_killed(system_log: list[str], player: Player, sandbox: Sandbox) -> None:
    """The journal and the system log of a module that was killed contain each revocation, and no secret."""
    found = _interrupt(player, sandbox, REVOKE, lambda playing: os.kill(_module(playing), signal.SIGKILL))
    # Other runs can write to the same log.
    pattern = re.compile(rf"revoked OAuth token (\d+) of agent \d+ at {re.escape(sandbox.api_url)}\b")
    logged = [int(line.group(1)) for line in map(pattern.search, list(system_log)) if line]
    for recorded in (logged, found.events("revoked")):
        # Responses that arrived when the module was killed are missing.
        assert len(recorded) == len(set(recorded)) >= max(len(found.confirmed), STARTED) - 2 * CONCURRENCY
        assert set(recorded) <= found.confirmed
    assert found.confirmed <= set(found.events("delete")), "each DELETE that was sent is in the journal"
    text = json.dumps(found.journal) + "\n".join(system_log)
    assert [secret for secret in sandbox.state.secrets if secret[:12] in text] == []
