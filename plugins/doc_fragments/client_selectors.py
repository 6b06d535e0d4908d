# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This doc fragment is private to the collection. It can change at any time.

from __future__ import annotations


class ModuleDocFragment:
    """The selectors of API clients. Their argument spec is in module_utils/_revoking/selectors.py."""

    DOCUMENTATION = r"""
options:
  ids:
    description:
      - Select the API clients with one of these ids. Use this to act on a list that a person has reviewed, such as the result of
        M(zchat.admin.zchat_oauth_client_info).
      - Integers greater than 0.
    type: list
    elements: int
    aliases: [id]
  agent_ids:
    description:
      - Select the API clients that these agents created. Use this for a departing agent whose id you have, and for an agent that was
        deleted and can no longer be found by address.
      - Integers greater than 0. Together with O(agent_emails), this defines one set of agents.
    type: list
    elements: int
    aliases: [agent_id]
  agent_emails:
    description:
      - Select the API clients that the agents with these email addresses created. The module looks the addresses up in the API. Use this
        for departing agents whose addresses you have. This is not O(email), which is the login of the task.
      - An address that no agent has is not a failure. The module warns about it and returns it in RV(unknown_agent_emails).
      - The case of ASCII letters is ignored. A value that is not one plain address is an error.
    type: list
    elements: str
    aliases: [agent_email]
  client_identifiers:
    description:
      - Select the API clients with these identifiers. Use this to repeat a run, and if you have the identifier from a token.
      - Upper and lower case must match.
    type: list
    elements: str
    aliases: [client_identifier]
  client_names:
    description:
      - Select the API clients with these names, as the dashboard shows them. Use this for an integration that is retired, or whose vendor
        had a breach. A name can contain a comma, so a string with one is an error. Write a list then.
      - Together with O(client_identifiers), this defines one set of clients. A name that no listed client has is not a failure. The
        module warns about it and returns it in RV(unknown_client_names). If several clients have the name, all of them are selected,
        with a warning. Upper and lower case must match.
    type: list
    elements: str
    aliases: [client_name]
  exclude:
    description:
      - A protect list. An API client that matches any of these lists is never selected. Use this for integrations that must continue
        to work.
      - It is not a selector. An empty list in it is an error, because it would protect nothing. So is an address that no agent has,
        and an agent id or an API client that does not exist.
    type: dict
    suboptions:
      ids:
        description: Protect the API clients with these ids. Use this for single clients.
        type: list
        elements: int
        aliases: [id]
      agent_ids:
        description: Protect the API clients that these agents created. Use this for people whose agent id you have.
        type: list
        elements: int
        aliases: [agent_id]
      agent_emails:
        description: Protect the API clients that the agents with these addresses created. Use this for people whose address you have.
        type: list
        elements: str
        aliases: [agent_email]
      client_identifiers:
        description:
          - Protect the API clients with these identifiers. Use this for integrations whose identifier you have.
          - An identifier that does not exist is an error, except V(zopim) and V(zendesk), which are a warning.
        type: list
        elements: str
        aliases: [client_identifier]
      client_names:
        description:
          - Protect the API clients with these names, as the dashboard shows them. Use this for integrations.
          - A name that no listed client has is an error. If several clients have the name, all of them are protected.
        type: list
        elements: str
        aliases: [client_name]
notes:
  - A client must match every selector that is set (O(agent_ids) and O(agent_emails) count as one, and so do O(client_identifiers) and
    O(client_names)). The values within one selector are alternatives.
  - An empty list selects nothing. A selector that is null is an error, because a variable without a value must not select
    more. To leave a selector out on purpose, set it to V(omit) with C(default(omit, true\)).
"""
