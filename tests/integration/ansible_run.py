# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run ``ansible-playbook``, and read the result of each task."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import subprocess
import sys
import termios
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.sandbox import AUTOMATION_TOKEN_ID, Sandbox

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

_REMOVED_VARIABLES = (
    *("ZCHAT_", "ANSIBLE_", "TASK_RESULTS_", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC", "LC_", "LANG"),
    "PYTHONDONTWRITEBYTECODE",
)
_BYTECODE = ROOT / ".cache" / "bytecode"
"""Without compiled files, each start of ansible-playbook takes almost twice as long."""
_MAX_SECONDS = 240
"""Seconds after which a play counts as hung."""

NETRC_PASSWORD = "from-netrc"
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

    def __getitem__(self, name: str) -> dict[str, Any]:
        """Return the result of the only task with this name."""
        found = [task for task in self.tasks if task.name == name]
        assert len(found) == 1, f"{len(found)} tasks are named {name!r}\n{self.output}"
        return found[0].result

    def check(self) -> Run:
        """Assert that the run succeeded, and return it."""
        __tracebackhide__ = True
        assert self.rc == 0, f"ansible-playbook exited with {self.rc}\n{self.output}"
        assert self.tasks, f"no task was run\n{self.output}"
        return self

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


def clean_environment() -> dict[str, str]:
    """Return the environment of this process without the variables that change how a play runs."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_REMOVED_VARIABLES) and not name.upper().endswith("_PROXY")
    }
    return {**kept, "PYTHONPYCACHEPREFIX": str(_BYTECODE)}


def connection(account: Sandbox) -> dict[str, str]:
    """Return the connection to an account in environment variables."""
    return {"ZCHAT_API_URL": account.api_url, "ZCHAT_ACCESS_TOKEN": str(account.access_token)}


def client_pair(account: Sandbox) -> dict[str, str]:
    """Return the connection to an account in environment variables, with a client id and a client secret."""
    return {
        "ZCHAT_API_URL": account.api_url,
        "ZCHAT_CLIENT_ID": str(account.client_id),
        "ZCHAT_CLIENT_SECRET": str(account.client_secret),
    }


def host(account: Sandbox, **variables: Any) -> dict[str, Any]:
    """Return the connection to an account in variables of a host, with these other ``variables``."""
    return {"zchat_api_url": account.api_url, "zchat_access_token": account.access_token, **variables}


def methods(*accounts: Sandbox) -> set[str]:
    """Return the methods of all requests, and forget these requests."""
    found = {entry["method"] for account in accounts for entry in account.state.requests}
    for account in accounts:
        account.state.clear_requests()
    return found


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
        tasks: Sequence[Mapping[str, Any]],
        account: Sandbox | None = None,
        variables: Variables | None = None,
        secrets: Iterable[str] | None = (),
        **options: Any,
    ) -> Run:
        """Run a play of these ``tasks`` as :meth:`play_playbook` does. Without an ``account``, they set their connection.

        The output must contain no secret of the sandbox and none of these ``secrets``. With None, it is not searched.
        """
        __tracebackhide__ = True
        run = self.start(tasks, account, variables, **options).wait()
        if secrets is not None:
            self._search(run, secrets)
        return run

    def start(
        self,
        tasks: Sequence[Mapping[str, Any]],
        account: Sandbox | None = None,
        variables: Variables | None = None,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        terminal: bool = False,
    ) -> Playing:
        """Start a play of these ``tasks``. The modules are connected to the ``account``, which variables describe.

        With ``terminal``, Ansible runs in a terminal of its own, which the test can close.
        """
        defaults, described = {}, {}
        if account:
            defaults = {"api_url": "{{ sandbox_api_url }}", "access_token": "{{ sandbox_access_token }}"}
            described = {
                "sandbox_url": account.url,
                "sandbox_api_url": account.api_url,
                "sandbox_legacy_url": account.legacy_url,
                "sandbox_access_token": account.access_token,
                "sandbox_own_token_id": AUTOMATION_TOKEN_ID,
            }
        play = {
            "name": "Run against the sandbox",
            "hosts": "localhost",
            "gather_facts": False,
            "module_defaults": {"group/zchat.admin.zchat": defaults},
            "tasks": list(tasks),
        }
        return self._start(
            [play],
            arguments,
            {"ansible_python_interpreter": sys.executable, **described, **(variables or {})},
            environment,
            terminal=terminal,
        )

    def play_playbook(
        self,
        playbook: str | Sequence[Mapping[str, Any]],
        arguments: Sequence[str] = (),
        variables: Variables | None = None,
        environment: Mapping[str, str] | None = None,
        inventory: Mapping[str, Any] | None = None,
    ) -> Run:
        """Run a playbook by its name, or the plays of one, and return the run, also if it failed.

        It reads the ``variables`` from a file, because Ansible prints its own command line. The output must contain no
        secret of the sandbox and no traceback.
        """
        __tracebackhide__ = True
        run = self._start(playbook, arguments, variables or {}, environment, inventory).wait()
        self._search(run)
        return run

    def _search(self, run: Run, secrets: Iterable[str] = ()) -> None:
        """Assert that the output of a run contains no secret and no traceback."""
        __tracebackhide__ = True
        leaked = run.leaked([NETRC_PASSWORD, *self._secrets(), *secrets])
        assert not leaked, f"printed secrets: {leaked}"
        assert "Traceback (most recent call last)" not in run.output, run.output

    def _start(
        self,
        playbook: str | Sequence[Mapping[str, Any]],
        arguments: Sequence[str],
        variables: Variables,
        environment: Mapping[str, str] | None,
        inventory: Mapping[str, Any] | None = None,
        terminal: bool = False,
    ) -> Playing:
        """Start ``ansible-playbook`` in its own folder, session and home directory."""
        self._plays += 1
        folder = self._folder / f"play{self._plays}"
        home = folder / "home"
        home.mkdir(parents=True)
        # Credentials for all hosts, which the modules must never use.
        netrc = home / ".netrc"
        netrc.write_text(f"default login netrc@example.com password {NETRC_PASSWORD}\n", encoding="utf-8")
        netrc.chmod(0o600)
        # Ansible reads JSON as YAML.
        files = {"variables.json": variables, "inventory.yml": inventory or {}, "playbook.yml": playbook}
        for name, content in files.items():
            (folder / name).write_text(json.dumps(content, indent=1), encoding="utf-8")
        for name in ("ansible.cfg", "results"):
            (folder / name).touch()
        command = [str(Path(sys.executable).parent / "ansible-playbook")]
        command += [playbook if isinstance(playbook, str) else "playbook.yml", "--extra-vars", "@variables.json"]
        # The most that a user can make Ansible print: also the options of a task, see ANSIBLE_INJECT_INVOCATION.
        command += [*(["-i", "inventory.yml"] if inventory else []), *arguments, "-vvv", "--diff"]
        end, stdin = pty.openpty() if terminal else (None, os.open(os.devnull, os.O_RDONLY))
        with (folder / "stdout").open("wb") as stdout, (folder / "stderr").open("wb") as stderr:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env={
                    **clean_environment(),
                    "HOME": str(home),
                    "LC_ALL": "C.UTF-8",
                    "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
                    "ANSIBLE_HOME": str(home / ".ansible"),
                    "ANSIBLE_COLLECTIONS_PATH": self._collections_path,
                    "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback_plugins"),
                    "ANSIBLE_CALLBACKS_ENABLED": "task_results",
                    "ANSIBLE_INJECT_INVOCATION": "true",
                    "ANSIBLE_LOCALHOST_WARNING": "false",
                    "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
                    "ANSIBLE_NOCOLOR": "true",
                    "TASK_RESULTS_PATH": str(folder / "results"),
                    **(environment or {}),
                },
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
                preexec_fn=_use_terminal if terminal else None,  # noqa: PLW1509 - it takes no lock
            )
        os.close(stdin)
        return Playing(process, folder, end)


def _use_terminal() -> None:
    """Make the standard input the terminal of the new session."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@dataclass(frozen=True)
class Playing:
    """A run of ``ansible-playbook`` that has not ended."""

    process: subprocess.Popen[bytes]
    folder: Path
    """The working directory, which no other run uses."""
    terminal: int | None = None
    """The descriptor of its terminal. Nothing else has it open."""

    def wait(self) -> Run:
        """Wait for the end of the run, and return it. Raises ``subprocess.TimeoutExpired``."""
        try:
            self.process.wait(_MAX_SECONDS)
        finally:
            self.process.kill()
        lines = (self.folder / "results").read_text(encoding="utf-8").splitlines()
        printed = ((self.folder / name).read_text(encoding="utf-8") for name in ("stdout", "stderr"))
        return Run(self.process.returncode, *printed, [Task(**json.loads(line)) for line in lines])
