#!/usr/bin/python

# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: zchat_agent_info
short_description: Look up agents of a Zendesk Chat account
version_added: 1.0.0
description:
  - Looks up agents of a Zendesk Chat account by email address or id, or lists all of them.
  - Use this to see who has an address before you revoke tokens, or whether a departed agent is still enabled.
    M(zchat.admin.zchat_oauth_token) itself also accepts addresses.
author:
  - The zchat.admin maintainers (@zchat-admin)
extends_documentation_fragment:
  - zchat.admin.attributes
  - zchat.admin.attributes.action_group
  - zchat.admin.attributes.info_module
  - zchat.admin.zchat
options:
  agent_emails:
    description:
      - Return the agents with these email addresses. Use this with the addresses that an HR system or an identity provider
        sends. This is not O(email), which is the login of the task.
      - The case of ASCII letters is ignored. A value that is not one plain address is an error.
      - An address that no agent has is not a failure. The module warns about it and returns it in RV(unknown_agent_emails).
    type: list
    elements: str
    aliases: [agent_email, emails]
  agent_ids:
    description:
      - Return the agents with these ids. Use this to find the owner of a token, with its
        RV(zchat.admin.zchat_oauth_token_info#module:tokens[].agent_id).
      - Integers greater than 0. An id that no agent has is not a failure. The module warns about it and returns it in
        RV(unknown_agent_ids).
    type: list
    elements: int
    aliases: [agent_id]
  agent_status:
    description:
      - Return only agents in one of these states. Use V(disabled) to find agents whose tokens should be revoked.
      - An agent for which the API returns no C(enabled) value is in neither state.
    type: list
    elements: str
    choices: [enabled, disabled]
notes:
  - O(agent_emails) and O(agent_ids) together define one set of agents. If neither is set, the module returns all agents. O(agent_status)
    applies to the result.
  - An empty list returns no agent. A list that is null is an error, because a variable without a value must not return every
    agent. To leave an option out on purpose, set it to V(omit) with C(default(omit, true\)).
  - Up to 50 agents are looked up one by one, several at the same time. For more, the module reads the list of all agents first,
    with one request for each 100 agents.
  - A deleted agent can no longer be looked up, but its tokens may still work. Revoke the tokens first.
seealso:
  - module: zchat.admin.zchat_oauth_token
  - module: zchat.admin.zchat_oauth_token_info
"""

EXAMPLES = r"""
- name: Look up two agents
  zchat.admin.zchat_agent_info:
    agent_emails:
      - jonas.weber@example.com
      - Priya.Nair@example.com
  register: departing

- name: Show which of them are still enabled
  ansible.builtin.debug:
    msg: "{{ departing.agents | selectattr('enabled', 'true') | map(attribute='display_name') | list }}"

- name: List the disabled agents
  zchat.admin.zchat_agent_info:
    agent_status: [disabled]

- name: List all agents
  zchat.admin.zchat_agent_info:
    api_url: "{{ chat_api_url }}"
    access_token: "{{ chat_access_token }}"
  register: all_agents

- name: Show the Administrators
  ansible.builtin.debug:
    msg: "{{ all_agents.agents | selectattr('administrator', 'true') | map(attribute='email') | list }}"

- name: Look up the agent of a token
  zchat.admin.zchat_agent_info:
    agent_id: 100000204
"""

RETURN = r"""
agents:
  description: The agents that were found, sorted by id, each once.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The id of the agent.
      returned: always
      type: int
      sample: 100000204
    email:
      description: The email address. Null, like each of the following keys, if the API returns no value.
      returned: always
      type: str
      sample: jonas.weber@example.com
    first_name:
      description: The first name.
      returned: always
      type: str
      sample: Jonas
    last_name:
      description: The last name.
      returned: always
      type: str
      sample: Weber
    display_name:
      description: The name that visitors see.
      returned: always
      type: str
      sample: Jonas Weber
    enabled:
      description: Whether the agent is enabled and can sign in. The tokens of a disabled agent may still work.
      returned: always
      type: bool
      sample: true
    role_id:
      description: The id of the agent's role.
      returned: always
      type: int
      sample: 3
    administrator:
      description: Whether the agent is an Administrator.
      returned: always
      type: bool
      sample: false
    owner:
      description: Whether the agent owns the account.
      returned: always
      type: bool
      sample: false
    create_date:
      description: When the agent was created, as returned by the API.
      returned: always
      type: str
      sample: "2014-09-01T08:00:00Z"
    last_login:
      description: When the agent last signed in, as returned by the API; null also if never.
      returned: always
      type: str
      sample: "2026-11-22T08:00:00Z"
unknown_agent_emails:
  description: Those of O(agent_emails) that no agent has. Check them for typos.
  returned: success
  type: list
  elements: str
  sample: [nobody@example.com]
unknown_agent_ids:
  description: Those of O(agent_ids) that no agent has.
  returned: success
  type: list
  elements: int
  sample: [7]
account:
  description: The base URL of the account; null if the task does not define a valid one.
  returned: always
  type: str
  sample: https://acme.zendesk.com/api/v2/chat
status:
  description: The HTTP status of the response that caused the failure.
  returned: failure, if an HTTP response caused it
  type: int
  sample: 401
"""

from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils._api.agents import (
    Agents,
    agent_result,
    emails_of,
    find_agents,
    list_agents,
    state_of,
)
from ansible_collections.zchat.admin.plugins.module_utils._module import run_module
from ansible_collections.zchat.admin.plugins.module_utils._options import positive_integers
from ansible_collections.zchat.admin.plugins.module_utils._task import Task

SPEC: dict[str, dict[str, Any]] = {
    "agent_emails": {"type": "list", "elements": "str", "aliases": ["agent_email", "emails"]},
    "agent_ids": {"type": "list", "elements": "int", "aliases": ["agent_id"]},
    "agent_status": {"type": "list", "elements": "str", "choices": ["enabled", "disabled"]},
}


def run(task: Task) -> dict[str, Any]:
    """Return the agents that the task names, or all agents."""
    emails, ids = emails_of(task.options, "agent_emails"), positive_integers(task.options, "agent_ids")
    if emails is None and ids is None:
        found = Agents(list_agents(task.client))
    else:
        found = find_agents(task.client, emails=emails or (), ids=ids or ())
    states = task.options.get("agent_status", ("enabled", "disabled", "unknown"))
    return {
        "changed": False,
        "agents": [agent_result(agent) for agent in found.agents if state_of(agent) in states],
        "unknown_agent_emails": list(found.unknown_emails),
        "unknown_agent_ids": list(found.unknown_ids),
        "warnings": found.warnings(),
    }


def main() -> None:
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
