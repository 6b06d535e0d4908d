# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compares RETURN of each module with what the module returns: each key and type, and each sample with a real value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.integration.ansible_run import Player
from tests.integration.documentation import MODULES, documented, return_values
from tests.integration.zendesk import Zendesk
from tests.sandbox import LEAVER_EMAIL, LEAVER_ID, Sandbox, demo_seed

# The keys of a result that Ansible itself adds or interprets. A module need not document them.
_KEYS_OF_ANSIBLE = {"changed", "failed", "diff", "warnings", "deprecations", "invocation", "msg", "exception"}
_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "str": (str,),
    "bool": (bool,),
    "list": (list,),
    "dict": (dict,),
    "float": (float, int),
    "raw": (int, str),
}
_REPORTS = ("zchat_offboard", "zchat_review")
"""Modules that write a report."""
_OWN_TOKEN_ID = 1101
_TIME = re.compile(r"20[0-9]{2}-?[01][0-9]-?[0-3][0-9]T[0-9:]{6,8}Z")


def _is_private(module: str) -> bool:
    """Return whether only playbooks of the collection use a module."""
    return "is private to the playbook" in str(documented(module, "DOCUMENTATION")["description"])


def _seed() -> dict[str, Any]:
    """Return the demo account with the values of the samples."""
    seed = demo_seed()
    tokens = {token["id"]: token for token in seed["tokens"]}
    tokens[_OWN_TOKEN_ID].update(scopes="read write", expire_date=None)
    seed["access_token"] = tokens[_OWN_TOKEN_ID]["access_token"]
    for agent in seed["agents"]:
        agent["last_login"] = "2026-11-22T08:00:00Z"
    for client in seed["clients"]:
        if client["client_identifier"] == "zopim":
            client.update(name="Zopim dashboard", company="Zopim")
    return seed


def _review_seed() -> dict[str, Any]:
    """Return an account in which seven tokens have findings: the own token, those of a disabled and a deleted agent, and an old one."""
    seed = _seed()
    seed["clients"] = demo_seed()["clients"]
    for token in seed["tokens"]:
        if token["id"] == _OWN_TOKEN_ID:
            token.update(create_date="now-1d")
        elif token["id"] != 38:
            token.update(create_date="now-1d", expire_date="now+300d")
    return seed


@dataclass(frozen=True)
class Scenario:
    """Tasks of one module for the account of ``seed``, with these faults and variables."""

    tasks: Sequence[Mapping[str, Any]]
    seed: Callable[[], dict[str, Any]] = _seed
    faults: Sequence[Mapping[str, Any]] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)


_ACME = {"subdomain": "acme", "access_token": "{{ sandbox_access_token }}", "retries": 0}
_REJECTED = {**_ACME, "access_token": "another-token"}
_NO_ACCOUNT = {**_ACME, "subdomain": "a.b"}
_VALUE = {"token_values": ["a-value-that-no-token-has"]}
_UNKNOWN_NAME = {"client_names": ["CRM-sync"]}
_DELETE = {"method": "DELETE"}
_OWN_TOKEN = {
    "id": 38,
    "agent_id": LEAVER_ID,
    "client_identifier": "zopim",
    "create_date": "2014-09-09T07:49:20Z",
    "expire_date": "2014-09-09T17:49:20Z",
    "scopes": "read write",
    "token_type": "Bearer",
    "access_token": "{access_token:1101}",
}

# Together, the tasks of a module return each documented key, and a value for each sample.
SCENARIOS = {
    "zchat_oauth_token": Scenario(
        tasks=[
            {**_ACME, "state": "absent", "ids": [38, _OWN_TOKEN_ID], "own_token": "refuse"},
            {**_ACME, "state": "absent", "agent_ids": [7, LEAVER_ID], "names": True},
            {**_ACME, "state": "absent", "ids": [7, 143, 1301, _OWN_TOKEN_ID], "own_token": "keep"},
            {**_ACME, "state": "absent", "agent_emails": ["nobody@example.com"], **_UNKNOWN_NAME, **_VALUE},
            {**_REJECTED, "state": "absent", "ids": [143]},
            {**_NO_ACCOUNT, "state": "absent", "ids": [143]},
        ],
        faults=[
            {**_DELETE, "path": "/143$", "status": 404, "apply": True},
            {**_DELETE, "path": "/1301$", "status": 403, "body": "No."},
        ],
    ),
    "zchat_oauth_token_info": Scenario(
        tasks=[
            {**_ACME, "include_secrets": True, "ids": [38]},
            {**_ACME, "names": True, "agent_ids": [7, LEAVER_ID], "agent_emails": ["nobody@example.com"]},
            {**_ACME, **_UNKNOWN_NAME, **_VALUE, "probe_values": True},
            {**_REJECTED},
        ],
    ),
    "zchat_oauth_client": Scenario(
        tasks=[
            {**_ACME, "state": "absent", "client_identifiers": ["zopim"]},
            {**_ACME, "state": "absent", "client_names": ["CRM sync"]},
            {**_ACME, "state": "absent", "ids": [7, 9206, 9207], "client_identifiers": ["mobile-app", "retired-app"]},
            {**_ACME, "state": "absent", "ids": [7], "client_identifiers": ["retired-app"]},
            {**_ACME, "state": "absent", "ids": [9207]},
            {**_ACME, "state": "absent", "agent_emails": ["nobody@example.com"], **_UNKNOWN_NAME},
            {**_REJECTED, "state": "absent", "ids": [9207]},
            {**_NO_ACCOUNT, "state": "absent", "ids": [9207]},
        ],
        faults=[
            {**_DELETE, "path": "/1206$", "status": 404, "apply": True},
            {**_DELETE, "path": "/1207$", "status": 403, "body": "No."},
            {**_DELETE, "path": "/9207$", "status": 403, "body": "No."},
        ],
    ),
    "zchat_oauth_client_info": Scenario(
        tasks=[
            {**_ACME},
            {**_ACME, "agent_emails": ["nobody@example.com"], **_UNKNOWN_NAME},
            {**_REJECTED},
            {**_NO_ACCOUNT},
        ],
    ),
    "zchat_agent_info": Scenario(
        tasks=[
            {**_ACME, "emails": [LEAVER_EMAIL, "nobody@example.com"], "agent_ids": [7]},
            {**_REJECTED},
        ],
    ),
    "zchat_connection_info": Scenario(
        tasks=[{**_ACME}, {**_ACME}, {**_REJECTED}],
        # The samples are those of an agent without the role, whose token is expired.
        faults=[
            {"path": "/agents/me$", "after": 1, "times": 1, "status": 200, "body": _seed()["agents"][2]},
            {"path": "/oauth/tokens$", "after": 1, "times": 1, "status": 200, "body": [_OWN_TOKEN]},
        ],
    ),
    "zchat_offboard": Scenario(
        tasks=[
            {**_ACME, "agent_emails": [LEAVER_EMAIL], "report_dir": "{{ playbook_dir }}/reports"},
            {**_REJECTED, "agent_emails": [LEAVER_EMAIL]},
        ],
        variables={"awx_user_name": "amelie"},
    ),
    "zchat_review": Scenario(
        tasks=[
            # The last login of the sample must not count as long ago, whenever this test runs.
            {**_ACME, "report_dir": "{{ playbook_dir }}/reports", "inactive_after": "5000w"},
            {**_REJECTED, "report_dir": "{{ playbook_dir }}/reports"},
        ],
        seed=_review_seed,
        variables={"awx_user_name": "amelie"},
    ),
}


def test_every_public_module_has_a_scenario() -> None:
    assert sorted(SCENARIOS) == [module for module in MODULES if not _is_private(module)]


@pytest.mark.parametrize("module", SCENARIOS)
def test_return_values(module: str, player: Player, sandbox: Sandbox, zendesk: Zendesk) -> None:
    """Each returned key is documented, each documented key is returned, and each sample is a returned value."""
    results = _results(module, SCENARIOS[module], player, zendesk, sandbox)
    assert {bool(result.get("failed")) for result in results} == {False, True}
    documentation = return_values(module)
    not_documented = _KEYS_OF_ANSIBLE - documentation.keys()
    for result in results:
        _compare(documentation, {key: value for key, value in result.items() if key not in not_documented}, result)
    for paths, entry in _documented_once(documentation):
        values = [value for path in paths for value in _values(results, path)]
        places = " and ".join(".".join(path) for path in paths)
        assert values, f"{places} is never returned"
        if "sample" not in entry:
            continue
        sample, values = _comparable(module, entry["sample"]), [_comparable(module, value) for value in values]
        assert sample in values, f"{places} is never {sample!r} in {values!r}"


def _comparable(module: str, value: Any) -> Any:
    """Return a value of a report without its time and without its folder, any other value unchanged."""
    if module not in _REPORTS:
        return value
    if isinstance(value, list):
        return [_comparable(module, item) for item in value]
    return re.sub("^/.*/", "", _TIME.sub("TIME", value)) if isinstance(value, str) else value


def _documented_once(documentation: Mapping[str, Any]) -> Iterable[tuple[list[list[str]], dict[str, Any]]]:
    """Return each entry with all of its paths. An entry to which others refer can have several."""
    places: dict[int, tuple[list[list[str]], dict[str, Any]]] = {}
    for path, entry in _entries(documentation):
        places.setdefault(id(entry), ([], entry))[0].append(path)
    return places.values()


def _results(
    module: str, scenario: Scenario, player: Player, zendesk: Zendesk, sandbox: Sandbox
) -> Sequence[dict[str, Any]]:
    """Return the result of each task of a scenario."""
    sandbox.reset(faults=scenario.faults, seed=scenario.seed())
    tasks = [
        {"name": f"task {number}", f"zchat.admin.{module}": options, "ignore_errors": True}
        for number, options in enumerate(scenario.tasks)
    ]
    # include_secrets prints token values.
    secrets = None if module == "zchat_oauth_token_info" else ["another-token", *_VALUE["token_values"]]
    run = player.play(
        tasks,
        variables={**scenario.variables, "sandbox_access_token": sandbox.access_token},
        environment={**zendesk.environment, "ZCHAT_CA_PATH": str(zendesk.ca_path)},
        secrets=secrets,
    ).check()
    return [
        {key: value for key, value in run[f"task {number}"].items() if not key.startswith("_ansible")}
        for number in range(len(tasks))
    ]


def _compare(documentation: Mapping[str, Any], returned: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    """Compare the keys and types of a ``returned`` value, which is a part of the ``result``, with their documentation."""
    assert returned.keys() <= documentation.keys(), f"not documented: {returned.keys() - documentation.keys()}"
    for key, entry in documentation.items():
        assert entry.get("description"), key
        if key not in returned:
            assert not _is_due(entry["returned"], result), f"{key} is missing in {result}"
            continue
        value = returned[key]
        if value is None:
            assert "null" in str(entry["description"]).lower() or key in _NULLABLE, (
                f"{key} is null, and its description does not state when"
            )
            continue
        _check_type(entry["type"], value, key)
        if "dict" in (entry["type"], entry.get("elements")):
            assert entry.keys() & {"contains", "sample"}, f"the keys of {key} are not documented"
        items = value if entry["type"] == "list" else [value]
        for item in items:
            if "elements" in entry:
                _check_type(entry["elements"], item, key)
            if "contains" in entry:
                _compare(entry["contains"], item, result)


_NULLABLE = {"first_name", "last_name", "display_name", "enabled", "role_id", "administrator", "owner"}
"""Keys of an agent. The description of the first one, ``email``, states that each of them can be null."""


def _is_due(returned: str, result: Mapping[str, Any]) -> bool:
    """Return whether the ``result`` must contain a value that is documented as ``returned``."""
    if returned == "always":
        return True
    option = re.fullmatch(r"if O\((\w+)(?:=true\)|\) is set)", returned)
    if result.get("failed") or (returned != "success" and not option):
        return False
    return returned == "success" or bool(option and result["invocation"]["module_args"].get(option.group(1)))


def _check_type(kind: str, value: Any, key: str) -> None:
    """Check that ``value`` has the documented type. A bool is not an int."""
    assert isinstance(value, _TYPES[kind]), f"{key}: {value!r} is not a {kind}"
    assert isinstance(value, bool) == (kind == "bool"), f"{key}: {value!r} is not a {kind}"


def _entries(documentation: Mapping[str, Any], path: Sequence[str] = ()) -> Iterator[tuple[list[str], dict[str, Any]]]:
    """Yield each documented value at any depth, with its path."""
    for key, entry in documentation.items():
        yield [*path, key], entry
        yield from _entries(entry.get("contains", {}), [*path, key])


def _values(node: Any, path: Sequence[str]) -> Iterator[Any]:
    """Yield each value at ``path``. The path does not contain list indexes."""
    if isinstance(node, list) and (path or not node):
        for item in node:
            yield from _values(item, path)
        if not path:
            yield node
    elif not path:
        yield node
    elif isinstance(node, dict) and path[0] in node:
        yield from _values(node[path[0]], path[1:])
