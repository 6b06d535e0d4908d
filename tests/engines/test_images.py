# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The execution environment and the decision environment.

Only tests with CONTAINER_ENGINE (docker or podman) build and run the images. They require a network.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from tests.engines.engines import CONTROLLER, agents_left, read_yaml, run_program
from tests.integration.ansible_run import ROOT
from tests.sandbox import LEAVER_EMAIL, LEAVER_ID, Sandbox

DEFINITIONS = ["execution-environment", "decision-environment"]
ENGINE = os.environ.get("CONTAINER_ENGINE", "")
needs_engine = pytest.mark.skipif(not ENGINE, reason="CONTAINER_ENGINE is not set")


@pytest.fixture
def context(environment: dict[str, str], tmp_path: Path) -> Path:
    """Return a folder with the definitions and the archive of the collection."""
    folder = tmp_path / "context of the builder"
    folder.mkdir()
    for name in DEFINITIONS:
        shutil.copy(CONTROLLER / f"{name}.yml", folder)
    built = run_program(
        ["ansible-galaxy", "collection", "build", "--output-path", str(folder), str(ROOT)], tmp_path, environment
    )
    assert built.returncode == 0, built.stderr
    return folder


@pytest.mark.parametrize("name", DEFINITIONS)
def test_builder_creates(name: str, context: Path, environment: dict[str, str]) -> None:
    """The definition names the archive of this version, and ansible-builder accepts it."""
    created = run_program(["ansible-builder", "create", "--file", f"{name}.yml"], context, environment)
    assert created.returncode == 0, created.stdout + created.stderr
    definition = read_yaml(context / f"{name}.yml")
    assert (context / "context" / "Containerfile").exists() or (context / "context" / "Dockerfile").exists()
    (collection,) = definition["dependencies"]["galaxy"]["collections"]
    assert (context / "context" / "_build" / collection["name"]).is_file()


def test_builder_introspects(environment: dict[str, str], tmp_path: Path) -> None:
    """The collection declares what an execution environment needs for it."""
    found = run_program(
        ["ansible-builder", "introspect", environment["ANSIBLE_COLLECTIONS_PATH"]], tmp_path, environment
    )
    assert found.returncode == 0, found.stderr
    (needed,) = yaml.safe_load(found.stdout)["python"]
    assert needed.partition("#")[0].strip() == "requests>=2.22.0"


def _built(name: str, context: Path) -> str:
    """Build the image, and return its tag."""
    tag = f"localhost/zchat-{name}"
    program = shutil.which("ansible-builder")
    assert program
    subprocess.run(
        [program, "build", "--file", f"{name}.yml", "--tag", tag, "--container-runtime", ENGINE],
        cwd=context,
        check=True,
    )
    return tag


def _in_container(
    tag: str, *command: str, options: tuple[str, ...] = (), variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ENGINE, "run", "--rm", *options, *(f"--env={name}" for name in variables or {}), tag, *command],
        env={**os.environ, **(variables or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )


@needs_engine
@pytest.mark.timeout(1800)
def test_execution_environment_runs(context: Path, sandbox: Sandbox) -> None:
    run = _in_container(
        _built("execution-environment", context),
        *("ansible-playbook", "zchat.admin.offboard", "-e", json.dumps({"offboard_agent_emails": [LEAVER_EMAIL]})),
        options=("--network=host",),
        variables={"ZCHAT_API_URL": sandbox.api_url, "ZCHAT_ACCESS_TOKEN": str(sandbox.access_token)},
    )
    assert run.returncode == 0, run.stdout
    assert LEAVER_ID not in agents_left(sandbox)


@needs_engine
@pytest.mark.timeout(1800)
def test_decision_environment_runs(context: Path) -> None:
    """ansible-rulebook finds Java, the rulebook and the event filter."""
    tag = _built("decision-environment", context)
    version = _in_container(tag, "ansible-rulebook", "--version")
    assert version.returncode == 0, version.stdout
    assert "Java version" in version.stdout
    started = _in_container(
        tag,
        *("timeout", "--signal=INT", "60", "ansible-rulebook", "--verbose", "--rulebook", "zchat.admin.offboard"),
        *("--env-vars", "offboard_webhook_token"),
        variables={"offboard_webhook_token": "t"},
    )
    assert "Waiting for events" in started.stdout, started.stdout
