# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real ``ansible-playbook`` runs, and what their tasks returned."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.sandbox import AUTOMATION_TOKEN_ID, Sandbox

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TARGETS = HERE / "targets"

_SCRUBBED = ("ZCHAT_", "ANSIBLE_", "TASK_RESULTS_", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC", "LC_", "LANG")
_LONGEST_RUN = 240
"""Seconds after which a play counts as hung."""
_LONGEST_REASON = 500
"""Characters of what one failure may say; a failed revocation tells up to three, and how many there are."""
_BOOKS = ("revoked", "kept", "already_absent", "not_revoked")

NETRC_PASSWORD = "from-netrc"

# What a curious person sees. Newer versions of ansible-core show the options of a task only when told to.
VERBOSE = ("-vvv", "--diff")
SHOW_OPTIONS = {"ANSIBLE_INJECT_INVOCATION": "true"}
BEGINNING = 12
"""So many characters of a secret are too many already."""
_TOO_SHORT = 6
"""A shorter secret cannot be told from any other text."""

Variables = Mapping[str, Any]


@dataclass(frozen=True)
class Task:
    """What one task of a play returned."""

    name: str
    action: str
    state: str
    """``ok``, ``failed``, ``skipped`` or ``unreachable``."""
    ignored: bool
    """Whether the failure was ignored."""
    result: dict[str, Any]


@dataclass(frozen=True, repr=False)
class Run:
    """One run of ``ansible-playbook``."""

    rc: int
    stdout: str
    stderr: str
    tasks: Sequence[Task]

    @property
    def output(self) -> str:
        """Everything that a person, or a log, gets to see."""
        return self.stdout + self.stderr

    def task(self, name: str) -> Task:
        """The one task of this name."""
        found = [task for task in self.tasks if task.name == name]
        assert len(found) == 1, f"{len(found)} tasks are named {name!r}\n{self.output}"
        return found[0]

    def __repr__(self) -> str:
        return f"Run(rc={self.rc}, {len(self.tasks)} tasks)"

    def __getitem__(self, name: str) -> dict[str, Any]:
        return self.task(name).result

    def check(self) -> Run:
        """This run, which must have succeeded and played something."""
        __tracebackhide__ = True
        assert self.rc == 0, f"ansible-playbook ended with {self.rc}\n{self.output}"
        assert self.tasks, f"no task was played\n{self.output}"
        self._check_results()
        return self

    def check_failed(self, name: str) -> dict[str, Any]:
        """The result of the one task with this name, which must have failed, and the run with it."""
        __tracebackhide__ = True
        assert self.rc != 0, self.output
        assert self.task(name).state == "failed", self.output
        self._check_results()
        return self[name]

    def _check_results(self) -> None:
        assert "Traceback (most recent call last)" not in self.output, self.output
        for task in self.tasks:
            if task.action.startswith("zchat.admin.") and "censored" not in task.result:
                for result in task.result.get("results", [task.result]):
                    _check_result(task.action, result)

    def leaked(self, secrets: Iterable[str]) -> dict[str, str]:
        """Those of the ``secrets`` that were printed in any form, each with what stands around it.

        Ansible itself prints what the keyword ``environment`` of a task holds, whatever its module does: in the line that
        says what it executes. That line is left out.
        """
        printed = re.sub(r"(?m)^<[^>]*> EXEC .*$", "", self.output)
        found = {}
        for secret in secrets:
            for form in (secret, json.dumps(secret)[1:-1], quote(secret, safe=""), ascii(secret)[1:-1]):
                place = printed.find(form[:BEGINNING]) if len(form) >= _TOO_SHORT else -1
                if place >= 0:
                    found[secret] = printed[max(0, place - 200) : place + 80]
        return found


def _check_result(action: str, result: Mapping[str, Any]) -> None:
    """What must hold for the result of every task of the collection, whatever it met."""
    # With failed_when, the task says for itself what is a failure.
    may_fail = "failed_when_result" in result or bool(result.get("failed"))
    for entry in result.get("not_revoked", ()):
        assert len(entry["msg"]) < _LONGEST_REASON, entry
        assert not (entry.keys() ^ {"id", "status", "msg"}), entry
    if not action.endswith("zchat_oauth_token"):
        return
    if "revoked" not in result:
        # Ansible refused an option before the module began.
        assert may_fail, result
        return
    # The ledger adds up: each token is in one book, and the books agree with the verdict and the diff.
    ids = [entry if book == "already_absent" else entry["id"] for book in _BOOKS for entry in result[book]]
    assert len(ids) == len(set(ids)), result
    assert result["changed"] is bool(result["revoked"]), result
    assert not result["not_revoked"] or may_fail, result
    assert not (result["verified"] and result.get("failed")), result
    if "diff" in result:
        left = sorted(entry["id"] for book in ("kept", "not_revoked") for entry in result[book])
        before, after = (
            [int(line.split(";")[0].split()[1]) for line in result["diff"][side].splitlines()]
            for side in ("before", "after")
        )
        assert after == left, result
        assert set(ids) - set(result["already_absent"]) <= set(before) <= set(ids), result


def clean_environment() -> dict[str, str]:
    """This process's environment without what would reach into a play."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_SCRUBBED) and not name.upper().endswith("_PROXY")
    }


def sandbox_variables(sandbox: Sandbox) -> dict[str, Any]:
    """The variables by which a play knows its sandbox."""
    return {
        "sandbox_url": sandbox.url,
        "sandbox_api_url": sandbox.api_url,
        "sandbox_legacy_url": sandbox.legacy_url,
        "sandbox_access_token": sandbox.access_token,
        "sandbox_email": sandbox.email,
        "sandbox_password": sandbox.password,
        "sandbox_own_token_id": AUTOMATION_TOKEN_ID,
    }


def chat_defaults() -> dict[str, Any]:
    """``module_defaults`` that connect every module of the collection to the sandbox."""
    connection = {"api_url": "{{ sandbox_api_url }}", "access_token": "{{ sandbox_access_token }}"}
    return {"group/zchat.admin.zchat": connection}


class Player:
    """Plays on the implicit localhost, each in a home of its own."""

    def __init__(self, folder: Path, collections_path: str, secrets: Callable[[], Iterable[str]] = lambda: ()) -> None:
        """``secrets`` says, after each play, what none of its output may hold."""
        self._folder = folder
        self._collections_path = collections_path
        self._secrets = secrets
        self._plays = 0

    def play(
        self,
        tasks: Sequence[Mapping[str, Any]] = (),
        secrets: Iterable[str] | None = (),
        **options: Any,
    ) -> Run:
        """Start a play, with ``options`` as :meth:`start` takes them, and wait for its end, whatever becomes of it.

        All that it prints is searched for every secret of the sandbox and for these ``secrets``; not with None, for a
        play that shows some on purpose.
        """
        __tracebackhide__ = True
        run = self.start(tasks, **options).wait()
        if secrets is not None:
            leaked = run.leaked([NETRC_PASSWORD, *self._secrets(), *secrets])
            assert not leaked, f"secrets were printed: {leaked}"
        return run

    def start(
        self,
        tasks: Sequence[Mapping[str, Any]] = (),
        roles: Sequence[str] = (),
        variables: Variables | None = None,
        environment: Mapping[str, str] | None = None,
        module_defaults: Mapping[str, Any] | None = None,
    ) -> Playing:
        """Start ``ansible-playbook``, in a session of its own, with one play of these ``roles`` and ``tasks``.

        It runs at a great verbosity. ``variables`` go in through a file, so that no output can hold a secret of theirs
        because the command did.
        """
        play = {
            "name": "Play against the sandbox",
            "hosts": "localhost",
            "gather_facts": False,
            "module_defaults": dict(module_defaults or {}),
            "roles": list(roles),
            "tasks": list(tasks),
        }
        folder = self._new_folder()
        _write_json(folder / "playbook.yml", [play])
        return self._start(
            folder,
            ["playbook.yml"],
            {"ansible_python_interpreter": sys.executable, **(variables or {})},
            environment,
        )

    def play_playbook(
        self,
        name: str,
        arguments: Sequence[str] = (),
        variables: Variables | None = None,
        environment: Mapping[str, str] | None = None,
        inventory: Mapping[str, Any] | None = None,
    ) -> Run:
        """Run a playbook of the collection by its ``name``; as with ``play``, nothing secret may be printed."""
        __tracebackhide__ = True
        folder = self._new_folder()
        given = ["-i", "inventory.yml"] if inventory else []
        if inventory:
            _write_json(folder / "inventory.yml", inventory)
        run = self._start(folder, [name, *given, *arguments], variables or {}, environment).wait()
        leaked = run.leaked([NETRC_PASSWORD, *self._secrets()])
        assert not leaked, f"secrets were printed: {leaked}"
        return run

    def _new_folder(self) -> Path:
        self._plays += 1
        folder = self._folder / f"play{self._plays}"
        folder.mkdir()
        return folder

    def _start(
        self, folder: Path, arguments: Sequence[str], variables: Variables, environment: Mapping[str, str] | None
    ) -> Playing:
        """Start ``ansible-playbook`` in a folder, with a home and a session of its own."""
        home = folder / "home"
        home.mkdir()
        # Credentials that must never be used, for every host.
        netrc = home / ".netrc"
        netrc.write_text(f"default login netrc@example.com password {NETRC_PASSWORD}\n", encoding="utf-8")
        netrc.chmod(0o600)
        _write_json(folder / "variables.json", variables)
        (folder / "ansible.cfg").touch()
        results = folder / "results"
        results.touch()
        with (folder / "stdout").open("wb") as stdout, (folder / "stderr").open("wb") as stderr:
            process = subprocess.Popen(
                [
                    str(Path(sys.executable).parent / "ansible-playbook"),
                    *(*arguments, "--extra-vars", "@variables.json"),
                    *VERBOSE,
                ],
                cwd=folder,
                env={
                    **clean_environment(),
                    "HOME": str(home),
                    "LC_ALL": "C.UTF-8",
                    "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
                    "ANSIBLE_HOME": str(home / ".ansible"),
                    "ANSIBLE_COLLECTIONS_PATH": self._collections_path,
                    "ANSIBLE_ROLES_PATH": str(TARGETS),
                    "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback_plugins"),
                    "ANSIBLE_CALLBACKS_ENABLED": "task_results",
                    "ANSIBLE_LOCALHOST_WARNING": "false",
                    "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
                    "ANSIBLE_NOCOLOR": "true",
                    "TASK_RESULTS_PATH": str(results),
                    **SHOW_OPTIONS,
                    **(environment or {}),
                },
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
        return Playing(process, folder)


@dataclass(frozen=True)
class Playing:
    """A run of ``ansible-playbook`` under way."""

    process: subprocess.Popen[bytes]
    folder: Path
    """Where it plays; no other run does."""

    def processes(self) -> dict[int, list[str]]:
        """The command lines of all processes that belong to it, by process id: those that have its environment.

        Neither session nor parent tell: Ansible gives its workers a session of their own.
        """
        mark = f"TASK_RESULTS_PATH={self.folder / 'results'}".encode()
        found = {}
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                    found[int(entry.name)] = (entry / "cmdline").read_text("utf-8", "replace").split("\0")
            except OSError:
                continue  # it has ended meanwhile
        return found

    def wait(self, timeout: float = _LONGEST_RUN) -> Run:
        """What it was, once it has ended. Raises ``subprocess.TimeoutExpired``."""
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            for process_id in self.processes():
                os.kill(process_id, signal.SIGKILL)
            self.process.wait()
            raise
        lines = (self.folder / "results").read_text(encoding="utf-8").splitlines()
        printed = ((self.folder / name).read_text(encoding="utf-8") for name in ("stdout", "stderr"))
        return Run(self.process.returncode, *printed, [Task(**json.loads(line)) for line in lines])


def _write_json(path: Path, content: Any) -> None:
    """Write a file that Ansible reads as YAML."""
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
