# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compares what is documented under RETURN with what the modules return, key by key, and each sample with a real value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.integration.ansible_run import Player, Run, sandbox_variables
from tests.integration.documentation import MODULES, documented
from tests.integration.zendesk import Zendesk
from tests.sandbox import AUTOMATION_TOKEN_ID, Sandbox, demo_seed

# What Ansible itself adds to a result, or gives a meaning to.
_ANSIBLES_OWN = {"changed", "failed", "diff", "warnings", "deprecations", "invocation", "msg", "exception"}
_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "str": (str,),
    "bool": (bool,),
    "list": (list,),
    "dict": (dict,),
    "float": (float, int),
}

_CHAT = {"api_url": "{{ sandbox_api_url }}", "access_token": "{{ sandbox_access_token }}"}
_LEGACY = {
    "api_url": "{{ sandbox_legacy_url }}",
    "email": "{{ sandbox_email }}",
    "password": "{{ sandbox_password }}",
    "retries": 0,
}


@dataclass(frozen=True)
class Scenario:
    """Tasks of one module, and the account that they meet."""

    tokens: Sequence[int]
    """The tokens of the demo account that there are."""
    tasks: Sequence[Mapping[str, Any]]
    faults: Sequence[Mapping[str, Any]] = field(default=())


_SUBDOMAIN = {"subdomain": "acme", "access_token": "{{ sandbox_access_token }}"}

# Between them, the tasks of a module return every key that it documents, and a value for each sample.
SCENARIOS = {
    "zchat_oauth_token": [
        Scenario(
            tokens=[38, 143],
            # Ids 7 and 143 are no longer there, or cannot be revoked, as the samples have it.
            faults=[{"method": "DELETE", "path": "/143$", "status": 403, "body": "No.", "times": 1}],
            tasks=[
                {**_LEGACY, "state": "absent", "ids": [7, 38, 143]},
                {**_LEGACY, "state": "absent", "ids": [143]},
                {**_LEGACY, "state": "absent", "ids": [143], "password": "wrong"},
                {**_LEGACY, "state": "absent", "ids": [143], "api_url": "http://www.example.com"},
                {**_LEGACY, "state": "absent", "ids": [0]},
            ],
        ),
        Scenario(
            tokens=[38, AUTOMATION_TOKEN_ID],
            tasks=[
                {**_CHAT, "state": "absent", "ids": [38, AUTOMATION_TOKEN_ID], "own_token": "refuse"},
                {**_CHAT, "state": "absent", "ids": [38, AUTOMATION_TOKEN_ID], "own_token": "keep"},
                {**_SUBDOMAIN, "state": "absent", "agent_emails": ["nobody@example.com"]},
            ],
        ),
    ],
    "zchat_oauth_token_info": [
        Scenario(
            tokens=[38, 143],
            tasks=[
                {**_LEGACY, "include_secrets": True},
                {**_LEGACY},
                {**_LEGACY, "password": "wrong"},
                {**_LEGACY, "ids": [0]},
            ],
        ),
        Scenario(tokens=[AUTOMATION_TOKEN_ID], tasks=[{**_SUBDOMAIN, "agent_emails": ["nobody@example.com"]}]),
    ],
    "zchat_agent_info": [
        Scenario(
            tokens=[AUTOMATION_TOKEN_ID],
            tasks=[
                {**_SUBDOMAIN, "emails": ["Jonas.Weber@example.com", "nobody@example.com"], "agent_ids": [7]},
                {**_SUBDOMAIN},
                {**_SUBDOMAIN, "access_token": "another-token"},
                {**_SUBDOMAIN, "subdomain": "a.b"},
            ],
        ),
    ],
}


def test_every_module_has_a_scenario() -> None:
    assert sorted(SCENARIOS) == MODULES


@pytest.fixture(params=MODULES)
def module(request: pytest.FixtureRequest) -> str:
    """The name of each module in turn."""
    return str(request.param)


def test_return_values(module: str, player: Player, sandbox: Sandbox, zendesk: Zendesk) -> None:
    """Nothing undocumented is returned, nothing documented is missing, and every sample is what would be returned."""
    results = [result for scenario in SCENARIOS[module] for result in _play(module, scenario, player, zendesk, sandbox)]
    assert {bool(result.get("failed")) for result in results} == {False, True}
    documentation = documented(module, "RETURN")
    assert not _ANSIBLES_OWN & documentation.keys()
    for result in results:
        _compare(documentation, {k: v for k, v in result.items() if k not in _ANSIBLES_OWN}, result)
    for paths, entry in _documented_once(documentation):
        values = [value for path in paths for value in _values(results, path) if value is not None]
        places = " and ".join(".".join(path) for path in paths)
        assert values, f"no result holds {places}"
        assert entry.get("sample", values[0]) in values, f"{places} is never {entry['sample']!r} in {values!r}"


def _documented_once(documentation: Mapping[str, Any]) -> Iterable[tuple[list[list[str]], dict[str, Any]]]:
    """Each entry with every place that it documents: by a YAML anchor these can be several."""
    places: dict[int, tuple[list[list[str]], dict[str, Any]]] = {}
    for path, entry in _entries(documentation):
        places.setdefault(id(entry), ([], entry))[0].append(path)
    return places.values()


def _play(
    module: str, scenario: Scenario, player: Player, zendesk: Zendesk, sandbox: Sandbox
) -> Iterator[dict[str, Any]]:
    """What each task of a scenario returns."""
    seed = demo_seed()
    seed["tokens"] = [token for token in seed["tokens"] if token["id"] in scenario.tokens]
    if AUTOMATION_TOKEN_ID not in scenario.tokens:
        del seed["access_token"]
    sandbox.reset(faults=scenario.faults, seed=seed)
    tasks = [
        {"name": f"task {number}", f"zchat.admin.{module}": options, "ignore_errors": True}
        for number, options in enumerate(scenario.tasks)
    ]
    # The info module shows some on purpose.
    secrets = None if module.endswith("_info") else ()
    environment = {**zendesk.environment, "ZCHAT_CA_PATH": str(zendesk.ca_path)}
    run: Run = player.play(
        tasks, variables=sandbox_variables(sandbox), environment=environment, secrets=secrets
    ).check()
    for number in range(len(tasks)):
        yield {key: value for key, value in run[f"task {number}"].items() if not key.startswith("_ansible")}


def _compare(documentation: Mapping[str, Any], returned: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    """Compare keys and types of what was ``returned`` somewhere in a ``result`` with their documentation."""
    assert returned.keys() <= documentation.keys(), f"undocumented: {returned.keys() - documentation.keys()}"
    for key, entry in documentation.items():
        assert entry.get("description"), key
        if key not in returned:
            assert not _is_due(entry["returned"], result), f"{key} is missing in {result}"
            continue
        value = returned[key]
        if value is None:
            assert "null" in str(entry["description"]), (
                f"{key} is null, and its description does not say what that means"
            )
            continue
        _is_of(entry["type"], value, key)
        items = value if entry["type"] == "list" else [value]
        for item in items:
            if "elements" in entry:
                _is_of(entry["elements"], item, key)
            if "contains" in entry:
                _compare(entry["contains"], item, result)


def _is_due(returned: str, result: Mapping[str, Any]) -> bool:
    """Whether a value that is documented as ``returned`` then must be in this ``result``."""
    return returned == "always" or (returned == "success" and not result.get("failed"))


def _is_of(kind: str, value: Any, key: str) -> None:
    """Check that ``value`` is of the documented type; a bool is no int."""
    assert isinstance(value, _TYPES[kind]), f"{key}: {value!r} is no {kind}"
    assert isinstance(value, bool) == (kind == "bool"), f"{key}: {value!r} is no {kind}"


def _entries(documentation: Mapping[str, Any], path: Sequence[str] = ()) -> Iterator[tuple[list[str], dict[str, Any]]]:
    """Each documented value at any depth, with the way to it."""
    for key, entry in documentation.items():
        yield [*path, key], entry
        yield from _entries(entry.get("contains", {}), [*path, key])


def _values(node: Any, path: Sequence[str]) -> Iterator[Any]:
    """Every value that is found along ``path``, through lists."""
    if isinstance(node, list) and (path or not node):
        for item in node:
            yield from _values(item, path)
        if not path:
            yield node
    elif not path:
        yield node
    elif isinstance(node, dict) and path[0] in node:
        yield from _values(node[path[0]], path[1:])
