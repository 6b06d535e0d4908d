#!/usr/bin/python

# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: zchat_oauth_client_info
short_description: List API clients of a Zendesk Chat account
version_added: 1.0.0
description:
  - Lists the API clients of a Zendesk Chat account, all of them or those that match the selectors. OAuth tokens are created for API
    clients. A person who has the secret of a confidential client can get a new token without signing in.
  - Use this before you delete clients with M(zchat.admin.zchat_oauth_client), which has the same selectors, and to find what a departing
    person created.
  - The result never contains a client secret.
author:
  - The zchat.admin maintainers (@zchat-admin)
extends_documentation_fragment:
  - zchat.admin.attributes
  - zchat.admin.attributes.action_group
  - zchat.admin.attributes.info_module
  - zchat.admin.client_selectors
  - zchat.admin.zchat
notes:
  - A vendor page states that users see only the clients that they created, another one that an Administrator sees all. RV(listed) shows
    how much the API listed.
seealso:
  - module: zchat.admin.zchat_oauth_client
  - module: zchat.admin.zchat_oauth_token_info
"""

EXAMPLES = r"""
- name: List every API client of the account in ZCHAT_SUBDOMAIN, with the token in ZCHAT_ACCESS_TOKEN
  zchat.admin.zchat_oauth_client_info:
  register: every_client

- name: Show the names of the confidential ones
  ansible.builtin.debug:
    msg: "{{ every_client.clients | selectattr('client_type', 'equalto', 'confidential') | map(attribute='name') }}"

- name: List the API clients that a departing agent created
  zchat.admin.zchat_oauth_client_info:
    agent_email: jonas.weber@example.com

- name: Find the identifier of a client whose name the dashboard shows
  zchat.admin.zchat_oauth_client_info:
    client_name: CRM sync
"""

RETURN = r"""
clients:
  description: The API clients that match the selectors, sorted by id; every client if no selector is set.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The id of the client. O(ids) accepts it.
      returned: always
      type: int
      sample: 9205
    name:
      description: The name that the dashboard shows; null if the API returns none.
      returned: always
      type: str
      sample: CRM sync
    company:
      description: The company; null if the API returns none.
      returned: always
      type: str
      sample: Example CRM Ltd
    client_identifier:
      description: The identifier, as in the tokens. For a client that the account created, it is about 50 random characters.
      returned: always
      type: str
      sample: crm-sync
    client_type:
      description: V(public) or V(confidential); null if the API returns none.
      returned: always
      type: str
      sample: confidential
    redirect_uris:
      description: Where the API redirects after a sign-in, as one string. Another host than localhost is likely an external integration.
      returned: always
      type: str
      sample: https://crm-sync.example.com/callback
    scopes:
      description: The scopes that a token of the client can have, separated by spaces.
      returned: always
      type: str
      sample: read write chat
    agent_id:
      description: The id of the agent who created the client; null if the API returns none, for example for clients of the vendor.
      returned: always
      type: int
      sample: 100000204
    create_date:
      description: When the client was created, in UTC, as returned by the API.
      returned: always
      type: str
      sample: "2014-09-02T09:30:00"
    update_date:
      description: When the client was changed, in UTC, as returned by the API.
      returned: always
      type: str
      sample: "2023-05-08T14:05:12"
listed:
  description:
    - How much the API listed, before any selector applies.
    - If this is less than the account has, the API did not show all clients, and a result without clients proves nothing.
  returned: success
  type: dict
  contains:
    clients:
      description: The number of clients.
      returned: always
      type: int
      sample: 7
    agents:
      description: The number of agents who created them.
      returned: always
      type: int
      sample: 3
    own_only:
      description:
        - Whether the API listed no client of an agent other than the one that the task authenticates as; null if that is
          unknown. Unless this is V(false), the module warns that the list may be incomplete.
      returned: always
      type: bool
      sample: false
  sample: {"clients": 7, "agents": 3, "own_only": false}
unknown_agent_emails:
  description: Those of O(agent_emails) that no agent has. Check them for typos.
  returned: success
  type: list
  elements: str
  sample: [nobody@example.com]
unknown_client_names:
  description: Those of O(client_names) that no listed client has. Check them for typos.
  returned: success
  type: list
  elements: str
  sample: [CRM-sync]
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

from ansible_collections.zchat.admin.plugins.module_utils._api.clients import client_result, list_clients, shown
from ansible_collections.zchat.admin.plugins.module_utils._module import run_module
from ansible_collections.zchat.admin.plugins.module_utils._revoking.client_deletion import ListedClients
from ansible_collections.zchat.admin.plugins.module_utils._revoking.own_token import OwnToken
from ansible_collections.zchat.admin.plugins.module_utils._revoking.selection import ClientSelection
from ansible_collections.zchat.admin.plugins.module_utils._revoking.selectors import CLIENT_SELECTORS, Selectors
from ansible_collections.zchat.admin.plugins.module_utils._task import Task


def run(task: Task) -> dict[str, Any]:
    """List the API clients that match the selectors."""
    selectors = Selectors.from_options(task.options, required=False, spec=CLIENT_SELECTORS)
    selection = ClientSelection(task.client, selectors)
    selection.look_up()
    client_list = list_clients(task.client)
    selected = selection.select(client_list)
    about_exclude = selection.check_exclude(client_list)
    listed = ListedClients.of(client_list, OwnToken(task.client))
    warnings = [*about_exclude, *listed.warnings(), *selection.warnings(client_list)]
    unlisted = selection.unlisted(client_list)
    if unlisted:
        warnings.append(
            f"No API client is listed with the identifier {shown(sorted(unlisted))}.{selection.hints(unlisted)} Check for typos."
        )
    return {
        "changed": False,
        "clients": [client_result(entry) for entry in selected.items],
        "listed": vars(listed),
        "unknown_agent_emails": list(selection.found.unknown_emails),
        "unknown_client_names": selection.unknown_client_names,
        "warnings": warnings,
    }


def main() -> None:
    run_module(CLIENT_SELECTORS, run)


if __name__ == "__main__":
    main()
