# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook ``zchat.admin.offboard`` under ansible-runner and ansible-navigator."""

from __future__ import annotations

import json
from pathlib import Path

from tests.engines.engines import agents_left, changes, run_program, under_runner
from tests.integration.ansible_run import methods
from tests.sandbox import LEAVER_EMAIL, LEAVER_ID, Sandbox

PLAYBOOK = "zchat.admin.offboard"


def test_runner(sandbox: Sandbox, environment: dict[str, str], tmp_path: Path) -> None:
    """Dry run and real run, as Automation Controller starts them. Nothing that is kept of them contains a secret."""
    variables = {"offboard_agent_emails": [LEAVER_EMAIL]}
    assert changes(under_runner(tmp_path / "1", environment, variables, cmdline="--check --diff")) == 1
    assert methods(sandbox) == {"GET"}
    assert changes(under_runner(tmp_path / "2", environment, variables)) == 1
    assert LEAVER_ID not in agents_left(sandbox)
    kept = [path for path in tmp_path.glob("[12]/artifacts/**/*") if path.is_file()]
    assert kept
    for secret in sandbox.state.secrets:
        # The runner writes the environment that it got to its own file.
        assert not [path for path in kept if path.name != "command" and secret in path.read_text("utf-8", "replace")]


def test_navigator(sandbox: Sandbox, environment: dict[str, str], tmp_path: Path) -> None:
    arguments = ["ansible-navigator", "run", PLAYBOOK, "--ee", "false", "--mode", "stdout", "--pae", "false"]
    arguments += ["-e", json.dumps({"offboard_agent_emails": [LEAVER_EMAIL]})]
    dry_run = run_program([*arguments, "--check"], tmp_path, environment)
    assert dry_run.returncode == 0, dry_run.stdout + dry_run.stderr
    assert methods(sandbox) == {"GET"}
    real_run = run_program(arguments, tmp_path, environment)
    assert real_run.returncode == 0, real_run.stdout + real_run.stderr
    assert "12 tokens of 1 person revoked, and none is left" in real_run.stdout
    assert LEAVER_ID not in agents_left(sandbox)
    assert not [secret for secret in sandbox.state.secrets if secret in real_run.stdout + real_run.stderr]
