#!/usr/bin/python

# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: zchat_oauth_token_info
short_description: List the OAuth tokens of a Zendesk Chat account
version_added: 0.1.0
description:
  - Lists the OAuth access tokens of a Zendesk Chat account, all of them or those that selectors mean. Each token lets an API
    client act as one agent until it expires or is revoked.
  - Look here before you revoke with M(zchat.admin.zchat_oauth_token), which takes the same selectors.
  - The values of the tokens are not returned unless you ask for them with O(include_secrets).
author:
  - The zchat.admin maintainers (@zchat-admin)
extends_documentation_fragment:
  - zchat.admin.attributes
  - zchat.admin.attributes.action_group
  - zchat.admin.attributes.info_module
  - zchat.admin.selectors
  - zchat.admin.zchat
options:
  include_secrets:
    description:
      - Whether to return the C(access_token) and C(refresh_token) of each token. Use this only to compare values yourself, with
        C(no_log) on the task. Whoever reads the output, or a log of it, can act as these agents.
      - To find a token by its value, O(token_values) is enough.
    type: bool
    default: false
notes:
  - The vendor does not say whether an administrator is always shown every agent's tokens. So that nothing was found is not a
    proof by itself. Check with RV(listed) that the API listed as many tokens and agents as the account has.
seealso:
  - module: zchat.admin.zchat_oauth_token
  - module: zchat.admin.zchat_agent_info
"""

EXAMPLES = r"""
- name: List every token of the account that the environment names (ZCHAT_SUBDOMAIN and ZCHAT_ACCESS_TOKEN)
  zchat.admin.zchat_oauth_token_info:
  register: everything

- name: Say how many tokens there are, and of how many agents
  ansible.builtin.debug:
    msg: "{{ everything.listed.tokens }} tokens of {{ everything.listed.agents }} agents"

- name: List the tokens of two agents that can change the account and have not expired
  zchat.admin.zchat_oauth_token_info:
    agent_ids:
      - 100000204
      - 10000026
    scopes: [write]
    expired: false

- name: List what somebody who leaves can still use
  zchat.admin.zchat_oauth_token_info:
    agent_email: jonas.weber@example.com
    expired: false

- name: Find out which token a value from a log belongs to
  zchat.admin.zchat_oauth_token_info:
    token_value: "{{ leaked_value }}"
  register: leaked

- name: List the tokens that are older than 90 days, at an address given in full
  zchat.admin.zchat_oauth_token_info:
    api_url: "{{ chat_api_url }}"
    access_token: "{{ chat_access_token }}"
    age: 90d
"""

RETURN = r"""
tokens:
  description: The tokens that the selectors mean, ordered by id; every token if there is no selector.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The id of the token, which O(ids) takes.
      returned: always
      type: int
      sample: 38
    agent_id:
      description: The id of the agent that the token acts as.
      returned: always
      type: int
      sample: 100000204
    client_identifier:
      description: The API client that the token was made for.
      returned: always
      type: str
      sample: zopim
    create_date:
      description: When the token was made, as the API gives it; null if it does not.
      returned: always
      type: str
      sample: "2014-09-09T07:49:20Z"
    expire_date:
      description: When the token expires, as the API gives it; null if it does not.
      returned: always
      type: str
      sample: "2014-09-09T17:49:20Z"
    scopes:
      description: What the token may do, of C(read), C(write) and C(chat), separated by spaces.
      returned: always
      type: str
      sample: read write
    token_type:
      description: The type of the token.
      returned: always
      type: str
      sample: Bearer
    access_token:
      description: The value of the token. Secret.
      returned: if O(include_secrets=true)
      type: str
      sample: L0m2pVzxYpiVZOnzuWfGTHJjUxMicmbsEeGh4QSBqTTaScnprJNC8DusW5RwFTuo
    refresh_token:
      description: The value with which the client can get a new access token; null if there is none. Secret.
      returned: if O(include_secrets=true)
      type: str
      sample: pLZYNfA082RVrUt6ArGiKroVrN6CS9ZJ2glbty5rA1CejmSVlGPk5GjfKarDR5VS
listed:
  description: How much the API listed at all, before any selector.
  returned: success
  type: dict
  contains:
    tokens:
      description: The number of tokens.
      returned: always
      type: int
      sample: 2
    agents:
      description: The number of agents that these tokens act as.
      returned: always
      type: int
      sample: 2
  sample: {"tokens": 2, "agents": 2}
unknown_agent_emails:
  description: Those of O(agent_emails) that no agent has. Each may be mistyped.
  returned: success
  type: list
  elements: str
  sample: [nobody@example.com]
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

import time
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.zchat.admin.plugins.module_utils.agents import resolve, unknown
from ansible_collections.zchat.admin.plugins.module_utils.client import ChatClient
from ansible_collections.zchat.admin.plugins.module_utils.connection import CONNECTION_OPTIONS, IDENTITY_OPTIONS
from ansible_collections.zchat.admin.plugins.module_utils.module import execute
from ansible_collections.zchat.admin.plugins.module_utils.oauth_tokens import list_tokens, listed, view
from ansible_collections.zchat.admin.plugins.module_utils.selection import (
    SELECTORS,
    look_alikes,
    noting_left_out,
    select,
    selectors_from,
    unmatched,
)


def run(params: Mapping[str, Any], client: ChatClient, check_mode: bool) -> dict[str, Any]:
    """List the tokens and pick those that the selectors mean."""
    selectors = selectors_from(params, required=False)
    selectors, found = resolve(client, selectors)
    tokens = list_tokens(client)
    selection = select(tokens, selectors, time.time())
    alike = look_alikes(selection.tokens, selectors)
    return {
        "changed": False,
        "tokens": [view(token, params["include_secrets"]) for token in selection.tokens],
        "listed": listed(tokens),
        "unknown_agent_emails": list(found.unknown_emails),
        "warnings": [*unknown(found), *unmatched(tokens, selectors), *selection.warnings, *([alike] if alike else [])],
    }


def main() -> None:
    left_out: set[str] = set()
    module = AnsibleModule(
        argument_spec={
            **CONNECTION_OPTIONS,
            **noting_left_out(left_out, {**IDENTITY_OPTIONS, **SELECTORS}),
            "include_secrets": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    execute(module, run, left_out)


if __name__ == "__main__":
    main()
