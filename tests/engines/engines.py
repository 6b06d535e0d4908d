# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run programs of the engines, and ansible-runner as Automation Controller runs it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import ansible_runner
import yaml

from tests.integration.ansible_run import ROOT
from tests.sandbox import Sandbox

CONTROLLER = ROOT / "extensions" / "controller"


def agents_left(sandbox: Sandbox) -> set[int]:
    """Return the agents who still have tokens."""
    return {token["agent_id"] for token in sandbox.state.tokens.values()}


def read_yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def run_program(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a program of this virtual environment in a folder."""
    program = str(Path(sys.executable).parent / arguments[0])
    return subprocess.run(
        [program, *arguments[1:]],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def under_runner(
    folder: Path, environment: Mapping[str, str], variables: Mapping[str, Any], **options: Any
) -> ansible_runner.Runner:
    """Run a playbook, by default ``zchat.admin.offboard``. Fail the test if the run fails."""
    folder.mkdir(exist_ok=True)
    run = ansible_runner.run(
        private_data_dir=str(folder),
        envvars=dict(environment),
        extravars=dict(variables),
        quiet=True,
        **{"playbook": "zchat.admin.offboard", **options},
    )
    assert run.status == "successful", run.stdout.read()
    return run


def changes(run: ansible_runner.Runner) -> int:
    """Return how many tasks reported a change."""
    stats = run.stats
    assert stats is not None
    return sum(stats["changed"].values())
