# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A lookup or a protect list stops a task before its first DELETE: one example of each kind.

One play with one task per rule, each against its own sandbox. Unit tests show each rule: test_selection.py, test_selectors.py,
test_agents.py, test_tokens.py and test__options.py.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Any

from tests.integration.ansible_run import Player, methods
from tests.sandbox import DELETED_ID, LEAVER_EMAIL, LEAVER_ID, Options, Sandbox

STATUS = {"agent_status": ["disabled", "missing"]}
ALL = {"all": True, "own_token": "keep"}
AGENTS, ME, DELETED, CLIENTS = "/agents$", "/agents/me$", f"/agents/{DELETED_ID}$", "/oauth/clients$"
OTHER_AGENT = {"id": 999_999, "email": "other@example.com", "enabled": True}


@dataclass(frozen=True)
class Rule:
    """A task that must fail without a DELETE."""

    options: dict[str, Any]
    text: str
    """What its message must contain."""
    path: str | None = None
    """The requests that get another response."""
    response: dict[str, Any] = field(default_factory=dict)
    sandbox: dict[str, Any] = field(default_factory=dict)


RULES = {
    "the list of agents returns 500": Rule(STATUS, "500", AGENTS, {"status": 500}),
    "agents/me is not in the list of agents": Rule(STATUS, "lacks agent", ME, {"status": 200, "body": OTHER_AGENT}),
    "an agent to protect returns the 404 page of a gateway": Rule(
        *({**ALL, "exclude": {"agent_ids": [99]}}, "may come from a gateway", "/agents/99$"),
        {"status": 404, "body": "<html>Not found</html>"},
    ),
    "exclude is empty": Rule({**ALL, "exclude": {}}, "would protect nothing"),
    # Ansible itself converts the values in exclude.
    "a list in exclude is null": Rule({**ALL, "exclude": {"agent_ids": None}}, "'exclude.agent_ids' is null"),
    "a list in exclude contains a list": Rule(
        {**ALL, "exclude": {"client_identifiers": [["zopim", "zendesk"]]}}, "contains a list or a dictionary"
    ),
    "exclude contains an option and its alias": Rule(
        {**ALL, "exclude": {"ids": [1100], "id": [38]}}, "are the same option"
    ),
    "exclude contains an unknown address": Rule(
        {**ALL, "exclude": {"agent_emails": ["jonsa@example.com"]}}, "jonsa@example.com"
    ),
    "the list of agents cannot be read for exclude": Rule(
        {**ALL, "exclude": {"agent_emails": [LEAVER_EMAIL]}}, "500", AGENTS, {"status": 500}
    ),
    "exclude contains the name of no client": Rule({**ALL, "exclude": {"client_names": ["CRM-sync"]}}, "CRM-sync"),
    "the clients cannot be read for exclude": Rule(
        {**ALL, "exclude": {"client_names": ["CRM sync"]}}, "500", CLIENTS, {"status": 500}
    ),
    "the clients cannot be read for a name": Rule({"client_names": ["CRM sync"]}, "500", CLIENTS, {"status": 500}),
    "a token to revoke belongs to a client without a name": Rule(
        {**ALL, "exclude": {"client_names": ["Offboarding automation"]}},
        "does not show the name of client 'crm-sync', 'mobile-app', 'reporting'",
        sandbox={"own_clients_only": True},
    ),
    "all and another selector are set": Rule({**ALL, "ids": [38]}, "'all' and 'ids' are both set"),
    "the own token cannot be identified": Rule(
        {"agent_ids": [LEAVER_ID]}, "can be the one", ME, {"status": 500}, {"value_form": "hash"}
    ),
}


def test_each_rule_stops_its_task(player: Player) -> None:
    with contextlib.ExitStack() as stack:
        sandboxes = {}
        tasks = []
        for name, rule in RULES.items():
            faults = [{"method": "GET", "path": rule.path, **rule.response}] if rule.path else []
            sandbox = stack.enter_context(Sandbox(Options(faults=faults, **rule.sandbox)))
            sandboxes[name] = sandbox
            connection = {"api_url": sandbox.api_url, "access_token": sandbox.access_token, "retries": 0}
            options = {"state": "absent", **connection, **rule.options}
            tasks.append({"name": name, "zchat.admin.zchat_oauth_token": options, "ignore_errors": True})
        run = player.play(tasks).check()
        for name, rule in RULES.items():
            result = run[name]
            assert result["failed"], name
            assert rule.text in result["msg"], (name, result["msg"])
            assert (result["changed"], result["verified"]) == (False, False), name
            assert methods(sandboxes[name]) <= {"GET"}, name
