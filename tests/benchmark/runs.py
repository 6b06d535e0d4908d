# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The measured processes: ``ansible-playbook``, the bare script and the module. This process is the sandbox, and waits for them."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.sandbox import Options, Sandbox
from tests.sandbox.seed import GENERATED_CLIENT, agent_document, token_document

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

AGENTS = [
    agent_document(number, f"agent{number}@example.com", "Agent", str(number), "now-1d", administrator=number == 1)
    for number in range(1, 11)
]
"""The agents that own the generated tokens, each the same number. The first one owns the own token."""
TOKEN = token_document(1, 1, "automation", "read write", "now-1d", None)
SEED = {"agents": AGENTS, "tokens": [TOKEN], "access_token": TOKEN["access_token"]}


def account(tokens: int, **options: float) -> Sandbox:
    """Return a new account with this number of generated ``tokens`` and the own token; ``options`` are those of the sandbox."""
    gc.collect()  # the previous account
    return Sandbox(Options(seed=SEED, tokens=tokens, **options))


def _connection(sandbox: Sandbox) -> dict[str, str]:
    """Return the environment variables of an account."""
    return {"ZCHAT_API_URL": sandbox.api_url, "ZCHAT_ACCESS_TOKEN": str(sandbox.access_token)}


class Bench:
    """Runs the measured processes in a folder, and returns their durations in seconds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, content: object) -> str:
        """Write a JSON file into the folder, and return its path."""
        path = self.folder / name
        path.write_text(json.dumps(content), encoding="utf-8")
        return str(path)

    def play(
        self, tasks: Sequence[Mapping[str, Any]], sandbox: Sandbox | None = None, python: str = sys.executable
    ) -> float:
        """Return the seconds of one play of ``tasks``."""
        play = {"name": "Measure", "hosts": "localhost", "gather_facts": False, "tasks": list(tasks)}
        return self.run([self.write("playbook.yml", [play]), "-e", f"ansible_python_interpreter={python}"], sandbox)

    def return_file(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Return a task with a module that returns this result from a file, and registers it as ``run``."""
        path = self.write("result.json", {"changed": False, **result})
        return {"name": "Return it", "return_file": {"path": path}, "register": "run"}

    def run(self, arguments: Sequence[str], sandbox: Sandbox | None = None) -> float:
        """Return the seconds of one run of ``ansible-playbook``, from start to end. Raises ``RuntimeError`` if it fails."""
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(_CLEARED)},
            "ANSIBLE_COLLECTIONS_PATH": os.environ["ANSIBLE_COLLECTIONS_PATH"],
            "ANSIBLE_HOME": str(self.folder / "home"),
            "ANSIBLE_LIBRARY": str(Path(__file__).with_name("library")),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            **(_connection(sandbox) if sandbox else {}),
        }
        command = [str(Path(sys.executable).with_name("ansible-playbook")), *arguments]
        start = time.perf_counter()
        done = subprocess.run(
            command, cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        seconds = time.perf_counter() - start
        if done.returncode:
            raise RuntimeError(f"ansible-playbook failed:\n{(done.stdout + done.stderr).decode()}")
        return seconds

    def bare(
        self, sandbox: Sandbox, concurrency: int, client: str = GENERATED_CLIENT, most: int = 10_000
    ) -> tuple[float, float]:
        """Return the seconds of the bare script from start to end, and those of its requests: without the import of requests."""
        command = [sys.executable, str(Path(__file__).with_name("bare.py")), str(concurrency), client, str(most)]
        start = time.perf_counter()
        done = subprocess.run(command, env={**os.environ, **_connection(sandbox)}, capture_output=True, check=True)
        return time.perf_counter() - start, float(done.stdout)

    def peak_memory(self, task: Mapping[str, Any], sandbox: Sandbox) -> float:
        """Return the peak memory (resident set) of the module's process in MiB."""
        report, python = self.folder / "memory", self.folder / "measuring-python"
        python.write_text(_MEASURING_PYTHON.format(python=sys.executable, report=str(report)), encoding="utf-8")
        python.chmod(0o755)
        self.play([task], sandbox, str(python))
        return int(report.read_text(encoding="utf-8")) / 1024
