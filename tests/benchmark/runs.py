# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The measured processes: ``ansible-playbook``, the bare script and the module, each against a sandbox in its own process."""

from __future__ import annotations

import json
import os
import select
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import Request, urlopen

ROOT = Path(__file__).parents[2]
BARE = Path(__file__).with_name("bare.py")
LIBRARY = Path(__file__).with_name("library")
OFFBOARD, REVIEW = "zchat.admin.offboard", "zchat.admin.review"
CLIENT = "generated"
"""The client identifier of the tokens that the sandbox generates."""
AGENTS = 10
"""The number of agents that own the generated tokens, each the same number of tokens."""
OWN_TOKEN = "o0000001FAKEownNOTaREALsecretNOTaREALsecretNOTaREALsecretNOTaREA"
_SECRETS = ("access_token", "refresh_token")
_START_SECONDS = 60.0
"""Maximum time in seconds until a sandbox has started and created its tokens."""
_CLEARED = ("ZCHAT_", "ANSIBLE_")
"""Prefixes of environment variables that a run does not inherit."""

# An interpreter that also writes the peak memory of the module: ru_maxrss, in KiB.
_MEASURING_PYTHON = """\
#!{python}
import resource, subprocess, sys
code = subprocess.call([{python!r}, *sys.argv[1:]])
with open({report!r}, "w") as file:
    file.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(code)
"""


@dataclass(frozen=True)
class Account:
    """A sandbox that runs in its own process."""

    url: str
    api_url: str

    def requests_sent(self) -> int:
        """Return the number of requests that the Chat API has received."""
        with urlopen(f"{self.url}/_sandbox/requests") as response:
            return len(json.load(response))

    def tokens(self) -> list[dict[str, Any]]:
        """Return the tokens as the module returns them, without their values."""
        request = Request(f"{self.api_url}/oauth/tokens", headers={"Authorization": f"Bearer {OWN_TOKEN}"})
        with urlopen(request) as response:
            return [{key: token[key] for key in token if key not in _SECRETS} for token in json.load(response)]


@dataclass(frozen=True)
class Script:
    """The duration of one run of the bare script, in seconds."""

    whole: float
    """From its start to its end."""
    requests: float
    """Only its requests: without the start of Python and the import of ``requests``."""


class Bench:
    """Runs the measured processes in a folder, and returns their durations in seconds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._accounts = 0
        self._seed = folder / "seed.json"
        self._seed.write_text(json.dumps(_seed()), encoding="utf-8")

    @contextmanager
    def account(self, tokens: int, **options: float) -> Iterator[Account]:
        """Provide a new account with this number of generated ``tokens`` and the own token; ``options`` are those of the sandbox."""
        self._accounts += 1
        ready = self._folder / f"ready-{self._accounts}.json"
        arguments = {"tokens": tokens, "seed": self._seed, "ready-file": ready, **options}
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.sandbox"),
                *(f"--{name.replace('_', '-')}={value}" for name, value in arguments.items()),
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        with process:
            try:
                _wait_for(process)
                facts = json.loads(ready.read_text(encoding="utf-8"))
                yield Account(facts["url"], facts["api_url"])
            finally:
                process.terminate()

    def play(
        self, tasks: Sequence[Mapping[str, Any]], account: Account | None = None, interpreter: str = sys.executable
    ) -> float:
        """Return the seconds that ``ansible-playbook`` takes for one play of ``tasks``, from start to end."""
        playbook = self._folder / "playbook.yml"
        play = {"name": "Measure", "hosts": "localhost", "gather_facts": False, "tasks": list(tasks)}
        playbook.write_text(json.dumps([play]), encoding="utf-8")
        return self._run(["playbook.yml", "-e", f"ansible_python_interpreter={interpreter}"], account)

    def return_tokens(self, account: Account) -> float:
        """Return the seconds of a play with a module that returns the account's tokens from a file."""
        path = self._folder / "tokens.json"
        path.write_text(json.dumps({"changed": False, "tokens": account.tokens()}), encoding="utf-8")
        return self.play([{"name": "Return them", "return_file": {"path": str(path)}}], account)

    def return_report(self) -> float:
        """Return the seconds of a play with a module that returns the last review from a file, and a fact set to it."""
        report = max((self._folder / "reports").glob("review-*.json"))
        path = self._folder / "report.json"
        path.write_text(f'{{"changed": false, "report": {report.read_text(encoding="utf-8")}}}', encoding="utf-8")
        tasks: list[dict[str, Any]] = [
            {"name": "Return it", "return_file": {"path": str(path)}, "register": "run"},
            {"name": "Set the fact", "ansible.builtin.set_fact": {"review_result": "{{ run.report }}"}, "no_log": True},
        ]
        return self.play(tasks)

    def offboard(self, account: Account) -> float:
        """Return the seconds of the playbook ``offboard`` for two people, with a report."""
        return self._run([OFFBOARD, *self._offboard_options()], account)

    def offboard_all(self, accounts: Sequence[Account]) -> float:
        """Return the seconds of the playbook ``offboard`` for all ``accounts`` in parallel, with reports and a summary."""
        hosts = {
            f"account{number}": {"zchat_api_url": account.api_url, "zchat_access_token": OWN_TOKEN}
            for number, account in enumerate(accounts)
        }
        inventory = self._folder / "inventory.json"
        inventory.write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")
        parallel = ["-i", inventory.name, "-e", "offboard_accounts=all", "--forks", str(len(accounts))]
        return self._run([OFFBOARD, *parallel, *self._offboard_options()])

    def review(self, account: Account) -> float:
        """Return the seconds of the playbook ``review``, with a report in each format."""
        return self._run([REVIEW, "-e", f"review_report_dir={self._folder / 'reports'}"], account)

    def _offboard_options(self) -> list[str]:
        emails = ",".join(f"agent{number}@example.com" for number in (2, 3))
        return ["-e", f"offboard_agent_emails={emails}", "-e", f"offboard_report_dir={self._folder / 'reports'}"]

    def _run(self, arguments: Sequence[str], account: Account | None = None) -> float:
        """Return the seconds of one run of ``ansible-playbook``. Raises ``RuntimeError`` if it fails."""
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(_CLEARED)},
            "ANSIBLE_COLLECTIONS_PATH": os.environ["ANSIBLE_COLLECTIONS_PATH"],
            "ANSIBLE_HOME": str(self._folder / "home"),
            "ANSIBLE_LIBRARY": str(LIBRARY),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            **({"ZCHAT_API_URL": account.api_url, "ZCHAT_ACCESS_TOKEN": OWN_TOKEN} if account else {}),
        }
        program = Path(sys.executable).with_name("ansible-playbook")
        start = time.perf_counter()
        done = subprocess.run(
            [program, *arguments],
            cwd=self._folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        seconds = time.perf_counter() - start
        if done.returncode:
            raise RuntimeError(f"ansible-playbook failed:\n{(done.stdout + done.stderr).decode()}")
        return seconds

    def bare(self, account: Account, concurrency: int, client: str | None = CLIENT, most: int | None = None) -> Script:
        """Return the duration of the bare script (see :mod:`tests.benchmark.bare`)."""
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, BARE, account.api_url, str(concurrency), *([] if most is None else [str(most)])],
            env={**os.environ, "TOKEN": OWN_TOKEN, **({"CLIENT": client} if client else {})},
            capture_output=True,
            check=True,
        )
        return Script(time.perf_counter() - began, float(done.stdout))

    def peak_memory(self, task: Mapping[str, Any], account: Account) -> float:
        """Return the peak memory (resident set) of the module's process in MiB."""
        report = self._folder / "memory"
        python = self._folder / "measuring-python"
        python.write_text(_MEASURING_PYTHON.format(python=sys.executable, report=str(report)), encoding="utf-8")
        python.chmod(python.stat().st_mode | stat.S_IXUSR)
        self.play([task], account, interpreter=str(python))
        return int(report.read_text(encoding="utf-8")) / 1024


@contextmanager
def open_bench() -> Iterator[Bench]:
    """Provide a bench in a temporary folder."""
    with TemporaryDirectory(prefix="zchat-bench-") as folder:
        yield Bench(Path(folder))


def _seed() -> dict[str, Any]:
    """Return the seed of an account with AGENTS agents. The first one owns the token that the runs authenticate with."""
    agents = [
        {"id": number, "email": f"agent{number}@example.com", "roles": {"administrator": number == 1}}
        for number in range(1, AGENTS + 1)
    ]
    own = {
        "id": 1,
        "agent_id": 1,
        "client_identifier": "automation",
        "access_token": OWN_TOKEN,
        "refresh_token": None,
        "create_date": "now-1d",
        "expire_date": None,
        "scopes": "read write",
        "token_type": "Bearer",
    }
    return {"agents": agents, "tokens": [own], "access_token": OWN_TOKEN}


def _wait_for(process: subprocess.Popen[bytes]) -> None:
    """Wait until a sandbox listens: it prints a line after it has written its ready file."""
    assert process.stdout is not None
    readable, _writable, _failed = select.select([process.stdout], [], [], _START_SECONDS)
    if not readable or not process.stdout.readline():
        raise RuntimeError("the sandbox did not start")
