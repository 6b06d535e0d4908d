# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables in extensions/controller: compared with what the modules, roles and rulebooks read, and run under ansible-runner."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ansible_runner
import jinja2.sandbox
import pytest
import yaml

from tests.engines.engines import CONTROLLER, agents_left, changes, read_yaml, run_program, under_runner
from tests.integration.ansible_run import ROOT, clean_environment, methods
from tests.sandbox import COLLEAGUE_EMAIL, COLLEAGUE_ID, LEAVER_EMAIL, LEAVER_ID, Sandbox

Objects = dict[str, list[dict[str, Any]]]
FILES = [CONTROLLER / "controller.yml", CONTROLLER / "events.yml"]
VAULT = {
    "zchat_subdomain": "acme",
    "zchat_access_token": "a-token",
    "offboard_webhook_token": "a-webhook-token",
    "zchat_controller_token": "a-controller-token",
}
OFFBOARD, REVIEW, PREFLIGHT = (
    "Offboard from Zendesk Chat",
    "Review the access to Zendesk Chat",
    "Check the connection to Zendesk Chat",
)

NOT_IN_THE_CREDENTIAL = {
    *("ZCHAT_CA_PATH", "ZCHAT_VALIDATE_CERTS", "ZCHAT_TIMEOUT", "ZCHAT_RETRIES", "ZCHAT_RATE_LIMIT_TIMEOUT"),
}
"""The CA bundle of a proxy is a file, which belongs in the execution environment. The others are no credentials."""
FROM_PROJECT = {
    "leavers": "offboard_agent_emails",
    "leavers_limit": "offboard_max_revocations",
    "leavers_unknown": "offboard_unknown_agents",
}
"""Variables that a playbook of the project reads -> the variable of the role that it sets."""
LEFT_TO_DEFAULT = {
    "offboard": {"offboard_agent_ids", "offboard_own_only", "offboard_own_token", "offboard_report_formats"},
    "review": {"review_expires_within", "review_inactive_after", "review_old_after", "review_report_formats"},
}
"""Variables of the roles that no template sets. A user can pass those of "offboard" as extra variables."""


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> Objects:
    """Return the variables as Ansible passes them to the roles of infra.aap_configuration."""
    folder = tmp_path_factory.mktemp("variables")
    source = "".join(path.read_text("utf-8") for path in FILES)
    names = re.findall(r"^((?:controller|eda)_\w+):", source, re.MULTILINE)
    content = "{{ {" + ", ".join(f"'{name}': {name}" for name in names) + "} | to_json }}"
    write = {"name": "Write", "ansible.builtin.copy": {"content": content, "dest": str(folder / "objects.json")}}
    play = {
        "name": "Render the variables",
        "hosts": "localhost",
        "gather_facts": False,
        "vars": VAULT,
        "vars_files": [str(path) for path in FILES],
        "tasks": [write],
    }
    (folder / "playbook.yml").write_text(yaml.safe_dump([play]), "utf-8")
    run = run_program(["ansible-playbook", "playbook.yml"], folder, clean_environment())
    assert run.returncode == 0, run.stdout + run.stderr
    rendered: Objects = json.loads((folder / "objects.json").read_text("utf-8"))
    return rendered


def _named(objects: Objects, kind: str) -> dict[str, dict[str, Any]]:
    return {entry["name"]: entry for entry in objects[kind]}


def _survey(template: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {question["variable"]: question for question in template.get("survey_spec", {}).get("spec", [])}


def _injected(objects: Objects, given: Mapping[str, Any]) -> dict[str, str]:
    """Return the environment variables of a job with this credential, as Controller renders them."""
    (credential_type,) = objects["controller_credential_types"]
    sandboxed = jinja2.sandbox.ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined)
    injectors = credential_type["injectors"]
    assert set(injectors) == {"env"}
    return {name: sandboxed.from_string(text).render(given) for name, text in injectors["env"].items()}


def test_credential_type_has_the_variables_that_modules_read_and_the_credential_fits(objects: Objects) -> None:
    (credential_type,) = objects["controller_credential_types"]
    fragment = (ROOT / "plugins" / "doc_fragments" / "zchat.py").read_text("utf-8")
    read = set(re.findall(r"\bE\((ZCHAT_[A-Z_]+)\)", fragment))
    assert set(credential_type["injectors"]["env"]) == read - NOT_IN_THE_CREDENTIAL
    assert read > NOT_IN_THE_CREDENTIAL
    fields = {field["id"]: field for field in credential_type["inputs"]["fields"]}
    assert {f"ZCHAT_{name.upper()}" for name in fields} == set(credential_type["injectors"]["env"])
    assert {name for name, field in fields.items() if field.get("secret")} == {
        "access_token",
        "client_secret",
        "password",
    }
    set_variables = {name: value for name, value in _injected(objects, {"subdomain": "acme"}).items() if value}
    assert set_variables == {"ZCHAT_SUBDOMAIN": "acme"}
    (credential,) = objects["controller_credentials"]
    assert credential["credential_type"] == credential_type["name"]
    assert credential["inputs"] == {"subdomain": "acme", "access_token": "a-token"}
    assert set(credential["inputs"]) <= set(fields)


@pytest.mark.parametrize(("role", "name"), [("offboard", OFFBOARD), ("review", REVIEW)])
def test_template_sets_the_variables_of_the_role(role: str, name: str, objects: Objects) -> None:
    """A new variable of a role must be added to the template, or to the variables that are left to their default."""
    options = read_yaml(ROOT / "roles" / role / "meta" / "argument_specs.yml")["argument_specs"]["main"]["options"]
    template = _named(objects, "controller_templates")[name]
    playbook = (CONTROLLER / "project" / template["playbook"]).read_text("utf-8")
    given = {*template["extra_vars"], *_survey(template)}
    for variable in given & set(FROM_PROJECT):
        assert re.search(rf"\b{variable}\b", playbook)
        assert f"{FROM_PROJECT[variable]}:" in playbook
    given = {FROM_PROJECT.get(variable, variable) for variable in given}
    assert given == set(options) - LEFT_TO_DEFAULT[role]
    assert set(options) > LEFT_TO_DEFAULT[role]
    for variable, question in _survey(template).items():
        option = options[FROM_PROJECT.get(variable, variable)]
        assert question.get("choices") == option.get("choices")
        assert (question["type"] == "integer") is (option["type"] == "int")
        assert not question["required"] or question["default"]


def test_objects_exist(objects: Objects) -> None:
    """Each name that an object refers to is the name of another object."""
    names = {kind: set(_named(objects, kind)) for kind in objects}
    templates = _named(objects, "controller_templates")
    for template in templates.values():
        assert (CONTROLLER / "project" / template["playbook"]).is_file()
        assert template["project"] in names["controller_projects"]
        assert template["inventory"] in names["controller_inventories"]
        assert template["execution_environment"] in names["controller_execution_environments"]
        assert set(template["credentials"]) <= names["controller_credentials"]
    assert {host["inventory"] for host in objects["controller_hosts"]} <= names["controller_inventories"]
    assert {schedule["unified_job_template"] for schedule in objects["controller_schedules"]} <= set(templates)
    for schedule in objects["controller_schedules"]:
        assert re.fullmatch(r"DTSTART:\d{8}T\d{6}Z RRULE:FREQ=\w+;INTERVAL=\d+", schedule["rrule"])
    (stream,) = objects["eda_event_streams"]
    (activation,) = objects["eda_rulebook_activations"]
    assert stream["credential_name"] in names["eda_credentials"]
    assert activation["project"] in names["eda_projects"]
    assert activation["decision_environment"] in names["eda_decision_environments"]
    assert set(activation["eda_credentials"]) <= names["eda_credentials"]
    assert {mapping["event_stream"] for mapping in activation["event_streams"]} == {stream["name"]}


def test_workflow_revokes_only_after_an_approval(objects: Objects) -> None:
    (workflow,) = objects["controller_workflows"]
    templates = _named(objects, "controller_templates")
    # The dry run fails if an address does not exist, so the workflow does not ask what to do then.
    questions = _survey(templates[OFFBOARD])
    del questions["leavers_unknown"]
    expected = {**questions, "leavers": {**questions["leavers"], "required": True}}
    assert _survey(workflow) == expected
    nodes = {node["identifier"]: node for node in workflow["simplified_workflow_nodes"]}
    steps, current = [], "preflight"
    while current:
        node = nodes.pop(current)
        steps.append((node.get("unified_job_template"), node.get("job_type")))
        assert not {"failure_nodes", "always_nodes"} & set(node)
        (current,) = node.get("success_nodes", [""])
    assert steps == [(PREFLIGHT, None), (OFFBOARD, "check"), (None, None), (OFFBOARD, "run")]
    assert not nodes
    # A node can set these only if the template asks for them.
    assert templates[OFFBOARD]["ask_job_type_on_launch"]
    assert templates[OFFBOARD]["ask_variables_on_launch"]


def test_the_dry_run_of_the_workflow_shows_the_tokens_and_fails_if_somebody_was_not_found(
    sandbox: Sandbox, job_environment: dict[str, str], objects: Objects, tmp_path: Path
) -> None:
    """Otherwise a number of tokens, or nobody, would be approved."""
    (workflow,) = objects["controller_workflows"]
    template = _named(objects, "controller_templates")[OFFBOARD]
    (node,) = (node for node in workflow["simplified_workflow_nodes"] if node["identifier"] == "dry_run")
    arguments = "--check" + (" --diff" if template["diff_mode"] else "")
    answers = {name: question["default"] for name, question in _survey(workflow).items()}
    shutil.copytree(CONTROLLER / "project", tmp_path / "project")
    shown = {}
    for leavers, status in ((LEAVER_EMAIL, "successful"), (f"{LEAVER_EMAIL}\nnobody@example.com", "failed")):
        # As Controller merges them: the answers of the workflow take precedence over the variables of a node.
        variables = {**node["extra_data"], **answers, "leavers": leavers}
        run = ansible_runner.run(
            private_data_dir=str(tmp_path),
            envvars=dict(job_environment),
            extravars=variables,
            cmdline=arguments,
            playbook=template["playbook"],
            quiet=True,
        )
        assert run.status == status, run.stdout.read()
        shown[status] = run.stdout.read()
    tokens = {str(token["id"]) for token in sandbox.state.tokens.values() if token["agent_id"] == LEAVER_ID}
    assert {number for number in tokens if f"token {number};" in shown["successful"]} == tokens
    assert "'offboard_unknown_agents' is 'fail'" in shown["failed"]
    assert methods(sandbox) == {"GET"}


def test_rulebook_fits_the_template_and_the_activation(objects: Objects) -> None:
    (activation,) = objects["eda_rulebook_activations"]
    (ruleset,) = read_yaml(ROOT / "extensions" / "eda" / "rulebooks" / activation["rulebook"])
    (source,), (rule,) = ruleset["sources"], ruleset["rules"]
    assert [mapping["source_name"] for mapping in activation["event_streams"]] == [source["name"]]
    launch = rule["action"]["run_job_template"]
    template = _named(objects, "controller_templates")[OFFBOARD]
    assert f"default('{template['name']}', true)" in launch["name"]
    assert template["ask_variables_on_launch"]
    options = read_yaml(ROOT / "roles" / "offboard" / "meta" / "argument_specs.yml")["argument_specs"]["main"][
        "options"
    ]
    assert set(launch["job_args"]["extra_vars"]) <= set(options)
    read = set(re.findall(r"\{\{ (offboard_\w+)", str(launch)))
    assert set(json.loads(activation["extra_vars"])) <= read


@pytest.fixture
def job_environment(sandbox: Sandbox, environment: dict[str, str], objects: Objects) -> dict[str, str]:
    """Return the environment of a job: the connection comes from a credential."""
    credential = {"api_url": sandbox.api_url, "access_token": sandbox.access_token}
    kept = {name: value for name, value in environment.items() if not name.startswith("ZCHAT_")}
    return {**kept, **_injected(objects, credential)}


def _launched(
    folder: Path, template: Mapping[str, Any], environment: Mapping[str, str], variables: Mapping[str, Any]
) -> int:
    """Run a job of the template, and return how many tasks reported a change."""
    shutil.copytree(CONTROLLER / "project", folder / "project")
    reports = {name: str(folder / "reports") for name in template.get("extra_vars", {})}
    return changes(under_runner(folder, environment, {**reports, **variables}, playbook=template["playbook"]))


def test_offboard(sandbox: Sandbox, job_environment: dict[str, str], objects: Objects, tmp_path: Path) -> None:
    """A job with the survey, started as Controller starts it."""
    template = _named(objects, "controller_templates")[OFFBOARD]
    defaults = {name: question["default"] for name, question in _survey(template).items()}
    people = {"leavers": f"\n {LEAVER_EMAIL}\r\n{COLLEAGUE_EMAIL.upper()}\n\n"}
    assert _launched(tmp_path / "people", template, job_environment, {**defaults, **people}) == 1
    assert not {LEAVER_ID, COLLEAGUE_ID} & agents_left(sandbox)
    assert list((tmp_path / "people" / "reports").glob("offboard-*.html"))
    count = len(sandbox.state.requests)
    assert _launched(tmp_path / "nobody", template, job_environment, defaults) == 0
    assert _launched(tmp_path / "no survey", template, job_environment, {}) == 0
    assert len(sandbox.state.requests) == count
    # As the rulebook launches it: the list is used, whatever the survey contains.
    sandbox.reset()
    given = {"offboard_agent_emails": [COLLEAGUE_EMAIL], "leavers": LEAVER_EMAIL}
    assert _launched(tmp_path / "rulebook", template, job_environment, given) == 1
    assert agents_left(sandbox) & {LEAVER_ID, COLLEAGUE_ID} == {LEAVER_ID}


@pytest.mark.parametrize("name", [REVIEW, PREFLIGHT])
def test_read_only_templates(
    name: str,
    sandbox: Sandbox,
    job_environment: dict[str, str],
    objects: Objects,
    tmp_path: Path,
) -> None:
    _launched(tmp_path / "runner", _named(objects, "controller_templates")[name], job_environment, {})
    assert methods(sandbox) == {"GET"}


def test_configuration_and_project_fit() -> None:
    """The playbook reads the variables, and the project requires this version of the collection."""
    (play,) = read_yaml(CONTROLLER / "configure.yml")
    assert [CONTROLLER / name for name in play["vars_files"]] == FILES[:1]
    requirements = read_yaml(CONTROLLER / "project" / "collections" / "requirements.yml")
    version = read_yaml(ROOT / "galaxy.yml")["version"]
    assert requirements == {"collections": [{"name": "zchat.admin", "version": f">={version}"}]}
