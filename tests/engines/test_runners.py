# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook ``zchat.admin.offboard`` under ansible-runner and ansible-navigator, and what ansible-builder makes of it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import ansible_runner
import jinja2
import pytest
import yaml

from tests.integration.ansible_run import ROOT
from tests.sandbox import COLLEAGUE_EMAIL, COLLEAGUE_ID, LEAVER_EMAIL, LEAVER_ID, Sandbox

PLAYBOOK = "zchat.admin.offboard"
CONTROLLER = ROOT / "docs" / "controller"


def _left(sandbox: Sandbox) -> set[int]:
    """The agents who still have tokens."""
    return {token["agent_id"] for token in sandbox.state.tokens.values()}


def _verbs(sandbox: Sandbox) -> set[str]:
    return {entry["method"] for entry in sandbox.state.requests}


def _yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def _run(arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
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


def _under_runner(
    folder: Path, environment: Mapping[str, str], variables: Mapping[str, Any], **options: Any
) -> ansible_runner.Runner:
    folder.mkdir(exist_ok=True)
    run = ansible_runner.run(
        private_data_dir=str(folder),
        envvars=dict(environment),
        extravars=dict(variables),
        quiet=True,
        **{"playbook": PLAYBOOK, **options},
    )
    assert run.status == "successful", run.stdout.read()
    return run


def _changes(run: ansible_runner.Runner) -> int:
    stats = run.stats
    assert stats is not None
    return sum(stats["changed"].values())


def test_runner(sandbox: Sandbox, environment: dict[str, str], tmp_path: Path) -> None:
    """Dry run, real run, second run, as Automation Controller starts them; nothing that is kept of them holds a secret."""
    variables = {"offboard_agent_emails": [LEAVER_EMAIL]}
    assert _changes(_under_runner(tmp_path / "1", environment, variables, cmdline="--check --diff")) == 1
    assert _verbs(sandbox) == {"GET"}
    assert _changes(_under_runner(tmp_path / "2", environment, variables)) == 1
    assert LEAVER_ID not in _left(sandbox)
    assert _changes(_under_runner(tmp_path / "3", environment, variables)) == 0
    kept = [path for path in tmp_path.glob("[123]/artifacts/**/*") if path.is_file()]
    assert kept
    for secret in sandbox.state.secrets:
        # The runner writes down the environment that it gave: that is its own file, and for itself only.
        assert not [path for path in kept if path.name != "command" and secret in path.read_text("utf-8", "replace")]


def test_navigator(sandbox: Sandbox, environment: dict[str, str], tmp_path: Path) -> None:
    arguments = ["ansible-navigator", "run", PLAYBOOK, "--ee", "false", "--mode", "stdout", "--pae", "false"]
    arguments += ["-e", json.dumps({"offboard_agent_emails": [LEAVER_EMAIL]})]
    dry_run = _run([*arguments, "--check"], tmp_path, environment)
    assert dry_run.returncode == 0, dry_run.stdout + dry_run.stderr
    assert _verbs(sandbox) == {"GET"}
    real_run = _run(arguments, tmp_path, environment)
    assert real_run.returncode == 0, real_run.stdout + real_run.stderr
    assert "12 tokens of 1 person revoked, and none is left" in real_run.stdout
    assert LEAVER_ID not in _left(sandbox)
    assert not [secret for secret in sandbox.state.secrets if secret in real_run.stdout + real_run.stderr]


@pytest.fixture
def builder_context(environment: dict[str, str], tmp_path: Path) -> Path:
    """The folder from which docs/controller/execution-environment.yml is built, with the archive in it."""
    folder = tmp_path / "ee"
    folder.mkdir()
    shutil.copy(CONTROLLER / "execution-environment.yml", folder)
    built = _run(
        ["ansible-galaxy", "collection", "build", "--output-path", str(folder), str(ROOT)], tmp_path, environment
    )
    assert built.returncode == 0, built.stderr
    return folder


def test_builder_creates(builder_context: Path, environment: dict[str, str]) -> None:
    """The definition names the archive of this version, and ansible-builder accepts it."""
    created = _run(["ansible-builder", "create", "--context", "context"], builder_context, environment)
    assert created.returncode == 0, created.stdout + created.stderr
    assert (builder_context / "context" / "Dockerfile").read_text("utf-8")
    definition = _yaml(builder_context / "execution-environment.yml")
    (collection,) = definition["dependencies"]["galaxy"]["collections"]
    assert (builder_context / "context" / "_build" / collection["name"]).is_file()


def test_builder_introspects(environment: dict[str, str], tmp_path: Path) -> None:
    """The collection says itself what an execution environment needs for it."""
    found = _run(["ansible-builder", "introspect", environment["ANSIBLE_COLLECTIONS_PATH"]], tmp_path, environment)
    assert found.returncode == 0, found.stderr
    (needed,) = yaml.safe_load(found.stdout)["python"]
    assert needed.partition("#")[0].strip() == "requests>=2.22.0"


def test_credential_type(sandbox: Sandbox) -> None:
    """Every input is injected, as an environment variable that the modules read, and not otherwise."""
    inputs = _yaml(CONTROLLER / "credential_type_inputs.yml")
    injectors = _yaml(CONTROLLER / "credential_type_injectors.yml")
    assert set(injectors) == {"env"}
    fields = {field["id"]: field for field in inputs["fields"]}
    assert {f"ZCHAT_{name.upper()}" for name in fields} == set(injectors["env"])
    assert {name for name, field in fields.items() if field.get("secret")} == {"access_token", "password"}
    fragment = (ROOT / "plugins" / "doc_fragments" / "zchat.py").read_text("utf-8")
    for variable in injectors["env"]:
        assert f"E({variable})" in fragment
    given = {"subdomain": "acme", "access_token": "abc"}
    rendered = {name: jinja2.Template(text).render(given) for name, text in injectors["env"].items()}
    assert {name: value for name, value in rendered.items() if value} == {
        "ZCHAT_SUBDOMAIN": "acme",
        "ZCHAT_ACCESS_TOKEN": "abc",
    }


def _launched(
    folder: Path, template: Mapping[str, Any], environment: Mapping[str, str], variables: Mapping[str, Any]
) -> int:
    """How much a job of the template changed."""
    shutil.copytree(CONTROLLER, folder / "project")
    return _changes(_under_runner(folder, environment, variables, playbook=template["playbook"]))


def test_job_template_and_survey(sandbox: Sandbox, environment: dict[str, str], tmp_path: Path) -> None:
    """The template's playbook, started as Controller starts it: with the credential's variables and the survey's answers."""
    template = _yaml(CONTROLLER / "job_template.yml")
    survey = {question["variable"]: question for question in _yaml(CONTROLLER / "survey.yml")["spec"]}
    injectors = _yaml(CONTROLLER / "credential_type_injectors.yml")["env"]
    credential = {"api_url": sandbox.api_url, "access_token": sandbox.access_token}
    injected = {name: jinja2.Template(text).render(credential) for name, text in injectors.items()}
    environment = {
        **{name: value for name, value in environment.items() if not name.startswith("ZCHAT_")},
        **injected,
    }
    role = _yaml(ROOT / "roles" / "offboard" / "meta" / "argument_specs.yml")
    assert set(survey) - {"leavers"} <= set(role["argument_specs"]["main"]["options"])
    answers = {
        "leavers": f"\n {LEAVER_EMAIL} \r\n{COLLEAGUE_EMAIL.upper()}\n\n",
        "offboard_max_revocations": survey["offboard_max_revocations"]["default"],
    }
    assert _launched(tmp_path / "leavers", template, environment, answers) == 1
    assert not {LEAVER_ID, COLLEAGUE_ID} & _left(sandbox)
    count = len(sandbox.state.requests)
    assert _launched(tmp_path / "no answer", template, environment, {"leavers": survey["leavers"]["default"]}) == 0
    assert _launched(tmp_path / "no survey", template, environment, {}) == 0
    assert len(sandbox.state.requests) == count
    requirements = _yaml(CONTROLLER / "collections" / "requirements.yml")
    version = _yaml(ROOT / "galaxy.yml")["version"]
    assert requirements == {"collections": [{"name": "zchat.admin", "version": f">={version}"}]}


def test_launched_with_a_list(sandbox: Sandbox, environment: dict[str, str], tmp_path: Path) -> None:
    """As the rulebook launches it: the list is used, whatever the survey says."""
    variables = {"offboard_agent_emails": [COLLEAGUE_EMAIL], "leavers": LEAVER_EMAIL}
    assert _launched(tmp_path / "runner", _yaml(CONTROLLER / "job_template.yml"), environment, variables) == 1
    assert COLLEAGUE_ID not in _left(sandbox)
    assert LEAVER_ID in _left(sandbox)
