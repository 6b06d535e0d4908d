#!/usr/bin/python

# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: zchat_agent_info
short_description: Look up the agents of a Zendesk Chat account
version_added: 1.0.0
description:
  - Looks up agents of a Zendesk Chat account by e-mail address or by id, or lists all of them.
  - Use this to see who an address belongs to before anything is revoked, or whether somebody who left is still enabled.
    M(zchat.admin.zchat_oauth_token) itself takes addresses too.
author:
  - The zchat.admin maintainers (@zchat-admin)
extends_documentation_fragment:
  - zchat.admin.attributes
  - zchat.admin.attributes.action_group
  - zchat.admin.attributes.info_module
  - zchat.admin.zchat
options:
  emails:
    description:
      - Look up the agents with these e-mail addresses. Use this with what the personnel department or the identity provider
        sends. Upper and lower case are the same. This is not O(email), which is part of the credentials.
      - An address that no agent has is no failure. It is warned about and returned in RV(unknown_emails).
    type: list
    elements: str
    aliases: [agent_emails, agent_email]
  agent_ids:
    description:
      - Look up the agents with these ids. Use this to learn whose the RV(zchat.admin.zchat_oauth_token_info#module:tokens[].agent_id)
        of a token is.
      - Numbers greater than 0. An id that no agent has is no failure. It is warned about and returned in RV(unknown_agent_ids).
    type: list
    elements: int
    aliases: [agent_id]
notes:
  - With both O(emails) and O(agent_ids), the agents that either means are returned. With neither, all agents are.
  - An empty list means nobody. A list that is null makes the task fail, since a variable without a value must not mean everybody;
    to leave one out on purpose, let its default be C(omit).
  - Up to 50 agents are looked up one by one, several at a time. For more, the list of all agents is read once, 100 with each
    request.
  - An agent that was deleted can no longer be looked up, although its tokens may live on. So revoke first, and delete after that.
seealso:
  - module: zchat.admin.zchat_oauth_token
  - module: zchat.admin.zchat_oauth_token_info
"""

EXAMPLES = r"""
- name: See who these addresses belong to
  zchat.admin.zchat_agent_info:
    emails:
      - jonas.weber@example.com
      - Priya.Nair@example.com
  register: leavers

- name: Say who is still enabled
  ansible.builtin.debug:
    msg: "{{ leavers.agents | selectattr('enabled', 'true') | map(attribute='display_name') | list }}"

- name: List the administrators of an account
  zchat.admin.zchat_agent_info:
    api_url: "{{ chat_api_url }}"
    access_token: "{{ chat_access_token }}"
  register: everybody

- name: Name them
  ansible.builtin.debug:
    msg: "{{ everybody.agents | selectattr('administrator', 'true') | map(attribute='email') | list }}"

- name: Find out whose a token is
  zchat.admin.zchat_agent_info:
    agent_id: 100000204
"""

RETURN = r"""
agents:
  description: The agents that were found, ordered by id, each once.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The id of the agent in Chat.
      returned: always
      type: int
      sample: 100000204
    email:
      description: The e-mail address, null if the API gives none. So with all that follows.
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
      description: Whether the agent may sign in. That an agent is disabled does not mean that its tokens are.
      returned: always
      type: bool
      sample: true
    role_id:
      description: The id of the agent's role.
      returned: always
      type: int
      sample: 3
    administrator:
      description: Whether the agent is an administrator.
      returned: always
      type: bool
      sample: false
    owner:
      description: Whether the agent owns the account.
      returned: always
      type: bool
      sample: false
    create_date:
      description: When the agent was made, as the API gives it.
      returned: always
      type: str
      sample: "2014-09-01T08:00:00Z"
unknown_emails:
  description: Those of O(emails) that no agent has.
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
  description: The base URL of the account that was asked; null if the task did not say which, or not safely.
  returned: always
  type: str
  sample: https://acme.zendesk.com/api/v2/chat
status:
  description: The HTTP status of the answer that made the task fail.
  returned: failure, if an HTTP answer caused it
  type: int
  sample: 401
"""

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.zchat.admin.plugins.module_utils.agents import (
    Found,
    check_api,
    find_agents,
    list_agents,
    unknown,
    view,
)
from ansible_collections.zchat.admin.plugins.module_utils.client import ChatClient
from ansible_collections.zchat.admin.plugins.module_utils.connection import CONNECTION_OPTIONS, IDENTITY_OPTIONS
from ansible_collections.zchat.admin.plugins.module_utils.module import execute
from ansible_collections.zchat.admin.plugins.module_utils.selection import addresses, given, noting_left_out, numbers

_OPTIONS: dict[str, dict[str, Any]] = {
    "emails": {"type": "list", "elements": "str", "aliases": ["agent_emails", "agent_email"]},
    "agent_ids": {"type": "list", "elements": "int", "aliases": ["agent_id"]},
}


def run(params: Mapping[str, Any], client: ChatClient, check_mode: bool) -> dict[str, Any]:
    """Find the agents asked for, or all of them."""
    asked = given(params, _OPTIONS)
    if asked:
        found = find_agents(client, addresses(asked, "emails") or (), numbers(asked, "agent_ids") or ())
        check_api(client, found)
    else:
        found = Found(list_agents(client))
    return {
        "changed": False,
        "agents": [view(agent) for agent in found.agents],
        "unknown_emails": list(found.unknown_emails),
        "unknown_agent_ids": list(found.unknown_ids),
        "warnings": unknown(found),
    }


def main() -> None:
    left_out: set[str] = set()
    module = AnsibleModule(
        argument_spec={**CONNECTION_OPTIONS, **noting_left_out(left_out, {**IDENTITY_OPTIONS, **_OPTIONS})},
        supports_check_mode=True,
    )
    execute(module, run, left_out)


if __name__ == "__main__":
    main()
