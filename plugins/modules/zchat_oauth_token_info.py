#!/usr/bin/python

# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: zchat_oauth_token_info
short_description: List OAuth tokens of a Zendesk Chat account
version_added: 1.0.0
description:
  - Lists the OAuth tokens of a Zendesk Chat account, all of them or those that match the selectors. Each token allows an API
    client to act as one agent until it expires or is revoked.
  - Use this before you revoke tokens with M(zchat.admin.zchat_oauth_token), which has the same selectors.
  - The result contains token values only with O(include_secrets).
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
        C(no_log) on the task. Everyone who can read the output or its log can act as these agents.
      - To find a token by its value, use O(token_values) instead.
    type: bool
    default: false
  probe_values:
    description:
      - Whether to test each value in O(token_values) as a bearer token. Use this to prove that a leaked value no longer
        works, also if the API does not list it. The values are sent only to the base URL.
      - The module warns if one still works. This never fails the task.
      - A value that is a refresh token is not tested. Check mode tests the values too.
    type: bool
    default: false
notes:
  - The vendor does not document whether an Administrator always sees the tokens of all agents. RV(listed) shows how much the API
    listed.
seealso:
  - module: zchat.admin.zchat_oauth_token
  - module: zchat.admin.zchat_agent_info
"""

EXAMPLES = r"""
- name: List every token of the account in ZCHAT_SUBDOMAIN, with the token in ZCHAT_ACCESS_TOKEN
  zchat.admin.zchat_oauth_token_info:
  register: all_tokens

- name: Show the number of tokens and agents
  ansible.builtin.debug:
    msg: "{{ all_tokens.listed.tokens }} tokens of {{ all_tokens.listed.agents }} agents"

- name: List the tokens of two agents that have the scope write and are not expired
  zchat.admin.zchat_oauth_token_info:
    agent_ids:
      - 100000204
      - 10000026
    scopes: [write]
    expired: false

- name: List the valid tokens of a departing agent, with names
  zchat.admin.zchat_oauth_token_info:
    agent_email: jonas.weber@example.com
    expired: false
    names: true

- name: Find the token of a value from a log
  zchat.admin.zchat_oauth_token_info:
    token_value: "{{ leaked_value }}"
  register: leaked

- name: List the tokens of agents that were deleted
  zchat.admin.zchat_oauth_token_info:
    agent_status: [missing]

- name: List the tokens that expire within two weeks
  zchat.admin.zchat_oauth_token_info:
    expires_within: 14d
    names: true

- name: List the tokens that are older than 90 days
  zchat.admin.zchat_oauth_token_info:
    api_url: "{{ chat_api_url }}"
    access_token: "{{ chat_access_token }}"
    age: 90d
"""

RETURN = r"""
tokens:
  description: The tokens that match the selectors, sorted by id; every token if no selector is set.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The id of the token. O(ids) accepts it.
      returned: always
      type: int
      sample: 38
    agent_id:
      description: The id of the agent who owns the token; null if the API returns none.
      returned: always
      type: int
      sample: 100000204
    client_identifier:
      description: The identifier of the API client that the token was created for.
      returned: always
      type: str
      sample: zopim
    create_date:
      description: When the token was created, as returned by the API; null if the API returns none.
      returned: always
      type: str
      sample: "2014-09-09T07:49:20Z"
    expire_date:
      description: When the token expires, as returned by the API; null if it never expires.
      returned: always
      type: str
      sample: "2014-09-09T17:49:20Z"
    scopes:
      description: The scopes of the token, C(read), C(write) and C(chat), separated by spaces.
      returned: always
      type: str
      sample: read write
    token_type:
      description: The type of the token.
      returned: always
      type: str
      sample: Bearer
    access_token:
      description: The access token. Secret.
      returned: if O(include_secrets=true)
      type: str
      sample: L0m2pVzxYpiVZOnzuWfGTHJjUxMicmbsEeGh4QSBqTTaScnprJNC8DusW5RwFTuo
    refresh_token:
      description: The token with which the client can get a new access token; null if there is none. Secret.
      returned: if O(include_secrets=true)
      type: str
      sample: pLZYNfA082RVrUt6ArGiKroVrN6CS9ZJ2glbty5rA1CejmSVlGPk5GjfKarDR5VS
listed:
  description:
    - How much the API listed, before any selector applies.
    - If this is less than the account has, the API did not show all tokens, and a result without tokens proves nothing.
  returned: success
  type: dict
  contains:
    tokens:
      description: The number of tokens.
      returned: always
      type: int
      sample: 21
    agents:
      description: The number of agents that have these tokens.
      returned: always
      type: int
      sample: 5
    own_only:
      description:
        - Whether the API listed no token of an agent other than the one that the task authenticates as; null if that is
          unknown.
        - This module and M(zchat.admin.zchat_oauth_token) warn unless this is V(false), because the API may not show the tokens
          of other agents.
      returned: always
      type: bool
      sample: false
  sample: {"tokens": 21, "agents": 5, "own_only": false}
own_token_id:
  description:
    - The id of the token that the task authenticates with; null if the list does not identify it, or with O(client_id).
  returned: success
  type: int
  sample: 1101
unknown_agent_emails:
  description: Those of O(agent_emails) that no agent has. Check them for typos.
  returned: success
  type: list
  elements: str
  sample: [nobody@example.com]
unknown_client_names:
  description: Those of O(client_names) that no listed API client has. Check them for typos.
  returned: success
  type: list
  elements: str
  sample: [CRM-sync]
agents:
  description:
    - The agents of the returned tokens, those in O(agent_ids), and those found in O(agent_emails), sorted by id; null if they
      could not be read.
    - Each has the keys of RV(zchat.admin.zchat_agent_info#module:agents).
  returned: if O(names=true)
  type: list
  elements: dict
unknown_agent_ids:
  description: The ids of owners, and ids in O(agent_ids), for which the API returns 404, for example of deleted agents.
  returned: if O(names=true)
  type: list
  elements: int
  sample: [7]
clients:
  description: The API clients of the returned tokens; null if they could not be read.
  returned: if O(names=true)
  type: list
  elements: dict
  contains:
    client_identifier:
      description: The identifier, as in the tokens.
      returned: always
      type: str
      sample: zopim
    name:
      description: The name of the client; null if the API returns none.
      returned: always
      type: str
      sample: Zopim dashboard
    company:
      description: The company of the client; null if the API returns none.
      returned: always
      type: str
      sample: Zopim
values_dead:
  description:
    - V(true) if at least one value was tested and the API rejected each tested value with 401; V(false) if one still works; null
      if none was tested, or a response was inconclusive, such as a 401 of a proxy.
  returned: if O(token_values) is set
  type: bool
  sample: true
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

from ansible_collections.zchat.admin.plugins.module_utils._api.names import look_up_names
from ansible_collections.zchat.admin.plugins.module_utils._api.tokens import list_tokens, token_result
from ansible_collections.zchat.admin.plugins.module_utils._module import run_module
from ansible_collections.zchat.admin.plugins.module_utils._revoking.own_token import OwnToken
from ansible_collections.zchat.admin.plugins.module_utils._revoking.probe import Probe, probe_values
from ansible_collections.zchat.admin.plugins.module_utils._revoking.revocation import api_clients
from ansible_collections.zchat.admin.plugins.module_utils._revoking.selection import TokenSelection
from ansible_collections.zchat.admin.plugins.module_utils._revoking.selectors import SELECTORS, Selectors
from ansible_collections.zchat.admin.plugins.module_utils._task import Task
from ansible_collections.zchat.admin.plugins.module_utils._text import capitalized

SPEC: dict[str, dict[str, Any]] = {
    **SELECTORS,
    "include_secrets": {"type": "bool", "default": False},
    "names": {"type": "bool", "default": False},
    "probe_values": {"type": "bool", "default": False},
}


def run(task: Task) -> dict[str, Any]:
    """List the tokens that match the selectors."""
    return list_selected(task)


def list_selected(task: Task, every_client: bool = False) -> dict[str, Any]:
    """Return the result of the task; with ``every_client`` and the option ``names``, also the keys of :func:`api_clients`."""
    options = task.options
    selectors = Selectors.from_options(options, required=False)
    client = task.client
    own = OwnToken(client)
    selection = TokenSelection(client, selectors, own)
    selection.look_up()
    token_list = list_tokens(client)
    selected = selection.select(token_list)
    about_exclude = selection.check_exclude(token_list)
    listed = own.listed(token_list)
    ambiguous = selectors.ambiguous_values(token_list.items)
    result: dict[str, Any] = {
        "changed": False,
        "tokens": [token_result(token, options["include_secrets"]) for token in selected.items],
        "listed": vars(listed),
        "own_token_id": own.id,
        "unknown_agent_emails": list(selection.found.unknown_emails),
        "unknown_client_names": selection.unknown_client_names,
        "warnings": [
            *about_exclude,
            *listed.warnings(),
            *selection.warnings(token_list),
            *([] if options["probe_values"] else selectors.unmatched_values(token_list)),
            *selected.warnings,
            *([capitalized(ambiguous)] if ambiguous else []),
        ],
    }
    if selectors.token_values is not None:
        probe = probe_values(client, selectors.token_values, token_list.items) if options["probe_values"] else Probe()
        result["values_dead"] = probe.values_dead
        result["warnings"] += [*probe.warnings, *([probe.failure.msg] if probe.failure else [])]
    if options["names"]:
        given = selectors.agent_ids or ()
        names = look_up_names(
            client, selected.items, given, selection.found, every_client=every_client, creators=every_client
        )
        result.update(names.result())
        result["warnings"] += names.warnings
        result.update(api_clients(names.every_client, own) if every_client else {})
    return result


def main() -> None:
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
