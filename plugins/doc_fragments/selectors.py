# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This doc fragment is private to the collection. It can change at any time.

from __future__ import annotations


class ModuleDocFragment:
    """The selectors. Their argument spec is in module_utils/_revoking/selectors.py."""

    DOCUMENTATION = r"""
options:
  all:
    description:
      - V(true) selects every token of the account. Use this after a breach, with O(exclude) for what must continue to work.
        It cannot be combined with another selector.
      - V(false) selects nothing, as if the option were not set.
    type: bool
  ids:
    description:
      - Select the tokens with one of these ids. Use this to act on a list that a person has reviewed, such as the result of
        M(zchat.admin.zchat_oauth_token_info).
      - Integers greater than 0.
    type: list
    elements: int
    aliases: [id, oauth_token_id]
  agent_ids:
    description:
      - Select the tokens of these agents. Use this for a departing agent whose id you have, and for an agent that was
        deleted and can no longer be found by address.
      - This is the id of the agent in Chat. In an account that was created in Zendesk Support, it is the same as the id of
        the user in Support; a stand-alone Chat account has its own ids.
      - Integers greater than 0. Together with O(agent_emails), this defines one set of agents.
    type: list
    elements: int
    aliases: [agent_id]
  agent_emails:
    description:
      - Select the tokens of the agents with these email addresses. The module looks the addresses up in the API. Use this
        for departing agents whose addresses you have. This is not O(email), which is the login of the task.
      - An address that no agent has is not a failure. The module warns about it and returns it in RV(unknown_agent_emails).
        The tokens of the other agents are selected.
      - The case of ASCII letters is ignored. A value that is not one plain address is an error.
      - Up to 50 addresses are looked up one by one. For more, the module reads the list of agents first, and looks up only
        the addresses that are not in it. If more than about 200 are not in it, the lookup reaches the rate limit of the API.
    type: list
    elements: str
    aliases: [agent_email]
  agent_status:
    description:
      - Select the tokens whose agent is in one of these states. Use V(disabled) and V(missing) in a nightly run that revokes the
        tokens of departed agents.
      - V(missing) means that the agent no longer exists. The module reads the list of agents to its end, and looks up each agent
        that the list lacks. Only a 404 of the Chat API for exactly this agent counts. A 404 that does not have the form of the API,
        such as a web page of a proxy, matches no state, and the module warns about this agent. Any other error fails the task.
      - An agent for which the API returns no C(enabled) value matches neither V(enabled) nor V(disabled). A token without an agent
        never matches V(missing). The module warns about both.
    type: list
    elements: str
    choices: [enabled, disabled, missing]
  client_identifiers:
    description:
      - Select the tokens that were created for one of these API clients, such as V(zopim). Use this if an integration is
        retired, and for a client that was deleted and can no longer be found by its name.
      - The identifier of a client that the account created is about 50 random characters; O(client_names) is easier to read.
        Upper and lower case must match.
    type: list
    elements: str
    aliases: [client_identifier]
  client_names:
    description:
      - Select the tokens that were created for the API clients with these names, as the dashboard shows them. The module looks them up in
        the API. Use this if an integration is retired or its vendor had a breach. To make sure that nobody can get a new token for it, use
        M(zchat.admin.zchat_oauth_client). A name can contain a comma, so a string with one is an error. Write a list then.
      - Together with O(client_identifiers), this defines one set of clients. A name that no listed client has is not a failure. The
        module warns about it and returns it in RV(unknown_client_names). If several clients have the name, all of them are selected,
        with a warning. Upper and lower case must match.
    type: list
    elements: str
    aliases: [client_name]
  scopes:
    description:
      - Select the tokens that have at least one of these scopes. Use this to find tokens that can change the account
        (V(write)) or take part in chats (V(chat)).
    type: list
    elements: str
    choices: [read, write, chat]
    aliases: [scope]
  token_values:
    description:
      - Select the tokens whose access token or refresh token is one of these values. Use this if a value was leaked, for
        example in a log, and you do not know its owner. Set the complete value.
      - If the API lists only the beginning of the values, a beginning of at least 8 characters must match. If several listed tokens
        begin like the value, the task fails, whatever the other selectors and O(exclude) are.
      - Pass the value in a variable from a vault, a prompt or an environment variable, not on the command line.
    type: list
    elements: str
    aliases: [token_value]
  expired:
    description:
      - V(true) selects the tokens that are past their C(expire_date). Use this to clean up.
      - V(false) is a selector, too, unlike in O(all). It selects the tokens that are not expired, and those without an
        C(expire_date). Use this together with other selectors, to leave expired tokens out.
      - A token without an C(expire_date) never expires. A date that cannot be parsed, or that is before 2008 or the C(create_date),
        matches neither value; the module warns about it.
      - The token must match by the clock of this host and by that of the API. If the response of the API has no valid C(Date) header,
        the task fails.
    type: bool
  expires_within:
    description:
      - Select the tokens that are not expired yet, but expire within this time, such as V(14d). The units are those of O(age). Use
        this to find tokens that must be renewed. See O(expired) for the clocks.
    type: str
  age:
    description:
      - Select the tokens that were created at least this long ago, such as V(90d). The unit is V(s), V(m), V(h), V(d) or V(w)
        and is required. Use this to enforce that tokens are renewed.
      - A C(create_date) that is missing, cannot be parsed, or is before 2008 does not match; the module warns about it. See O(expired)
        for the clocks.
    type: str
  exclude:
    description:
      - A protect list. A token that matches any of these lists is never revoked, whatever the selectors are. Use this with O(all) or
        O(agent_status) for integrations and people that must keep their access.
      - It is not a selector. An empty list in it is an error, because it would protect nothing. So is an address that no agent has,
        and an agent id or an API client that does not exist.
    type: dict
    suboptions:
      ids:
        description: Protect the tokens with these ids. Use this for single tokens.
        type: list
        elements: int
        aliases: [id, oauth_token_id]
      agent_ids:
        description: Protect the tokens of these agents. Use this for people whose agent id you have.
        type: list
        elements: int
        aliases: [agent_id]
      agent_emails:
        description: Protect the tokens of the agents with these addresses. Use this for people whose address you have.
        type: list
        elements: str
        aliases: [agent_email]
      client_identifiers:
        description:
          - Protect the tokens of these API clients. Use this for integrations whose identifier you have.
          - An identifier that neither a listed token nor an API client has is an error, except V(zopim) and V(zendesk), which are a
            warning. Upper and lower case differ.
        type: list
        elements: str
        aliases: [client_identifier]
      client_names:
        description:
          - Protect the tokens of the API clients with these names, as the dashboard shows them. Use this for integrations.
          - A name that no listed client has is an error. So is a selected token of a client that is not listed, because this client can
            have the name; protect by O(exclude.client_identifiers) then. If several clients have the name, all of them are protected.
          - The clients V(zopim) and V(zendesk) are protected by name only if the API lists them, which the vendor does not document.
        type: list
        elements: str
        aliases: [client_name]
  names:
    description:
      - Also look up the agents and the names of the API clients, for results that people read. Adds RV(agents),
        RV(unknown_agent_ids) and RV(clients) to the result, and names to the diff.
      - If they cannot be read, the module warns, and the value is null. This never fails the task.
    type: bool
    default: false
notes:
  - "The selectors are O(all), O(ids), O(agent_ids), O(agent_emails), O(agent_status), O(client_identifiers), O(client_names),
    O(scopes), O(token_values), O(expired), O(expires_within) and O(age). A token must match every selector that is set (O(agent_ids) and
    O(agent_emails) count as one, and so do O(client_identifiers) and O(client_names)). The values within one selector are alternatives."
  - An empty list selects nothing. A selector that is null is an error, because a variable without a value must not select
    more. To leave a selector out on purpose, set it to V(omit) with C(default(omit, true\)).
  - The module warns about an agent id, a client identifier or a token value that no listed token has, because it can be a typo. If
    the identifier is the name of an API client, the warning has its identifier.
"""
