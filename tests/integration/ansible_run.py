# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run ``ansible-playbook``, and check the result of each task."""

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

_REMOVED_VARIABLES = (
    *("ZCHAT_", "ANSIBLE_", "TASK_RESULTS_", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC", "LC_", "LANG"),
    "PYTHONDONTWRITEBYTECODE",
)
_BYTECODE = ROOT / ".cache" / "bytecode"
"""Without compiled files, each start of ansible-playbook takes almost twice as long."""
_MAX_SECONDS = 240
"""Seconds after which a play counts as hung."""
_MAX_REASON = 500
"""Maximum number of characters of one reason. The message of a failed revocation has up to three reasons."""
_TOKEN_KEYS = {"id", "agent_id", "client_identifier", "create_date", "expire_date", "scopes", "token_type"}
_ROW_KEYS = {
    "revoked": _TOKEN_KEYS,
    "kept": {*_TOKEN_KEYS, "reason"},
    "gone": _TOKEN_KEYS,
    "not_revoked": {*_TOKEN_KEYS, "status", "msg"},
}
"""The result lists of a revocation, and the keys of each of their items."""

NETRC_PASSWORD = "from-netrc"

# The most that a user can make Ansible print. Newer versions of ansible-core print the options of a task only with this setting.
VERBOSE = ("-vvv", "--diff")
SHOW_OPTIONS = {"ANSIBLE_INJECT_INVOCATION": "true"}
BEGINNING = 12
"""If this many characters of a secret are printed, the secret counts as printed."""
_TOO_SHORT = 6
"""A shorter secret cannot be distinguished from other text."""

Variables = Mapping[str, Any]


@dataclass(frozen=True)
class Task:
    """The result of one task of a play."""

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
        """All output of the run."""
        return self.stdout + self.stderr

    def task(self, name: str) -> Task:
        """Return the only task with this name."""
        found = [task for task in self.tasks if task.name == name]
        assert len(found) == 1, f"{len(found)} tasks are named {name!r}\n{self.output}"
        return found[0]

    def __repr__(self) -> str:
        return f"Run(rc={self.rc}, {len(self.tasks)} tasks)"

    def __getitem__(self, name: str) -> dict[str, Any]:
        """Return the result of the only task with this name."""
        return self.task(name).result

    def check(self) -> Run:
        """Assert that the run succeeded, check the result of each task, and return the run."""
        __tracebackhide__ = True
        assert self.rc == 0, f"ansible-playbook exited with {self.rc}\n{self.output}"
        assert self.tasks, f"no task was run\n{self.output}"
        self._check_results()
        return self

    def check_failed(self, name: str) -> dict[str, Any]:
        """Assert that the only task with this name failed and the run with it. Return the result of the task."""
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
        """Return those of the ``secrets`` that were printed in any form, each with the text around it.

        Ansible itself prints the keyword ``environment`` of a task, in the line that shows the command it executes. That line
        is ignored.
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
    """Check what holds for each result of ``zchat_oauth_token``, whatever the server does.

    Each selected token is in exactly one list, the lists contain complete tokens, and they agree with the diff, with
    ``changed`` and with ``verified``.
    """
    if not action.endswith("zchat_oauth_token"):
        return
    # A task with failed_when decides itself what a failure is.
    failed = bool(result.get("failed")) or "exception" in result  # an item of a loop can lack "failed"
    may_fail = failed or "failed_when_result" in result
    if "revoked" not in result:
        assert may_fail, result  # Ansible rejected an option before the module started
        return
    for name, keys in _ROW_KEYS.items():
        for row in result[name]:
            assert row.keys() == keys, (name, row)
    for row in result["not_revoked"]:
        assert 0 < len(row["msg"]) < _MAX_REASON, row
        assert row["status"] is None or isinstance(row["status"], int), row
    assert all(row["reason"] in ("own token", "excluded") for row in result["kept"]), result
    ids = [row["id"] for name in _ROW_KEYS for row in result[name]]
    assert len(ids) == len(set(ids)), result
    assert not set(ids) & set(result["already_absent"]), result
    assert result["msg"], result
    assert result["changed"] is bool(result["revoked"]), result
    assert not result["not_revoked"] or may_fail, result
    assert not (result["verified"] and (result["not_revoked"] or failed)), result
    if "diff" not in result:
        assert not ids, result  # the list could not be read
        return
    before, after = (
        [int(line.split(";")[0].split()[1]) for line in result["diff"][side].splitlines()]
        for side in ("before", "after")
    )
    assert before == sorted(ids), result
    assert after == sorted(row["id"] for name in ("kept", "not_revoked") for row in result[name]), result


def clean_environment() -> dict[str, str]:
    """Return the environment of this process without the variables that change how a play runs."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_REMOVED_VARIABLES) and not name.upper().endswith("_PROXY")
    }
    return {**kept, "PYTHONPYCACHEPREFIX": str(_BYTECODE)}


def sandbox_variables(sandbox: Sandbox) -> dict[str, Any]:
    """Return the variables of a play that describe its sandbox."""
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
    """Return ``module_defaults`` that connect each module of the collection to the sandbox."""
    connection = {"api_url": "{{ sandbox_api_url }}", "access_token": "{{ sandbox_access_token }}"}
    return {"group/zchat.admin.zchat": connection}


class Player:
    """Runs plays on the implicit localhost, each in its own home directory."""

    def __init__(self, folder: Path, collections_path: str, secrets: Callable[[], Iterable[str]] = lambda: ()) -> None:
        """``secrets`` returns, after each play, the values that its output must not contain."""
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
        """Run a play with the ``options`` of :meth:`start`, and return the run, also if it failed.

        The output must contain no secret of the sandbox and none of these ``secrets``. With None, it is not searched.
        """
        __tracebackhide__ = True
        run = self.start(tasks, **options).wait()
        if secrets is not None:
            leaked = run.leaked([NETRC_PASSWORD, *self._secrets(), *secrets])
            assert not leaked, f"printed secrets: {leaked}"
        return run

    def start(
        self,
        tasks: Sequence[Mapping[str, Any]] = (),
        roles: Sequence[str | Mapping[str, Any]] = (),
        variables: Variables | None = None,
        environment: Mapping[str, str] | None = None,
        module_defaults: Mapping[str, Any] | None = None,
    ) -> Playing:
        """Start ``ansible-playbook -vvv`` in its own session, with one play of these ``roles`` and ``tasks``.

        It reads the ``variables`` from a file, because Ansible prints its own command line.
        """
        play = {
            "name": "Run against the sandbox",
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
        """Run a playbook of the collection by its ``name``. As with ``play``, the output must contain no secret."""
        __tracebackhide__ = True
        folder = self._new_folder()
        given = ["-i", "inventory.yml"] if inventory else []
        if inventory:
            _write_json(folder / "inventory.yml", inventory)
        run = self._start(folder, [name, *given, *arguments], variables or {}, environment).wait()
        leaked = run.leaked([NETRC_PASSWORD, *self._secrets()])
        assert not leaked, f"printed secrets: {leaked}"
        return run

    def _new_folder(self) -> Path:
        self._plays += 1
        folder = self._folder / f"play{self._plays}"
        folder.mkdir()
        return folder

    def _start(
        self, folder: Path, arguments: Sequence[str], variables: Variables, environment: Mapping[str, str] | None
    ) -> Playing:
        """Start ``ansible-playbook`` in a folder, in its own session and with its own home directory."""
        home = folder / "home"
        home.mkdir()
        # Credentials for all hosts, which the modules must never use.
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
    """A run of ``ansible-playbook`` that has not ended."""

    process: subprocess.Popen[bytes]
    folder: Path
    """The working directory, which no other run uses."""

    def processes(self) -> dict[int, list[str]]:
        """Return the command lines of all processes of the run, by process id. They are recognized by their environment.

        The session or the parent is not sufficient: Ansible starts a new session for each worker.
        """
        mark = f"TASK_RESULTS_PATH={self.folder / 'results'}".encode()
        found = {}
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                    found[int(entry.name)] = (entry / "cmdline").read_text("utf-8", "replace").split("\0")
            except OSError:
                continue  # the process has ended meanwhile
        return found

    def wait(self, timeout: float = _MAX_SECONDS) -> Run:
        """Wait for the end of the run, and return it. Raises ``subprocess.TimeoutExpired``."""
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
    """Write a JSON file, which Ansible reads as YAML."""
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
