# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This doc fragment is private to the collection. It can change at any time.

from __future__ import annotations


class ModuleDocFragment:
    """Which tokens are meant. The options stand in module_utils/selection.py."""

    DOCUMENTATION = r"""
options:
  ids:
    description:
      - Select the tokens with one of these ids, as M(zchat.admin.zchat_oauth_token_info) returns them. Use this to act on a list that
        somebody has looked at.
      - Numbers greater than 0.
    type: list
    elements: int
    aliases: [id, oauth_token_id]
  agent_ids:
    description:
      - Select the tokens that act as one of these agents. Use this when somebody leaves and you know their agent id. That is the
        id of the agent in Chat, and not of the user in Zendesk Support.
      - Numbers greater than 0.
    type: list
    elements: int
    aliases: [agent_id]
  agent_emails:
    description:
      - Select the tokens that act as the agents with these e-mail addresses, which are looked up in the API. Use this when somebody
        leaves and their address is what you are given. Upper and lower case are the same.
      - An address that no agent has is no failure, since the others still have to go. It is warned about and returned in
        RV(unknown_agent_emails).
      - An agent that was deleted can no longer be looked up, although its tokens may live on. Use O(agent_ids) then.
    type: list
    elements: str
    aliases: [agent_email]
    version_added: 1.0.0
  client_identifiers:
    description:
      - Select the tokens that were made for one of these API clients, such as V(zopim). Use this when an integration is retired or its
        vendor was broken into. Upper and lower case count.
    type: list
    elements: str
    aliases: [client_identifier]
  scopes:
    description:
      - Select the tokens that hold at least one of these scopes. Use this to find what may change the account (V(write)) or take part in
        chats (V(chat)).
    type: list
    elements: str
    choices: [read, write, chat]
    aliases: [scope]
  token_values:
    description:
      - Select the tokens whose access token or refresh token is one of these values. Use this when a token has leaked and its value is all
        that you have. Give the whole value.
      - It is compared with the whole values that the API lists. Should the API list no more than the beginnings of its tokens,
        the beginning has to be the same, and 8 characters long or more.
      - Hand the value over in a variable from a vault, a prompt or the environment, and not on the command line.
    type: list
    elements: str
    aliases: [token_value]
  expired:
    description:
      - V(true) selects the tokens whose C(expire_date) has passed, V(false) those for which it has not, or that have none. Use
        this to clean up, or to spare what is in use.
      - A date that is missing or cannot be read never counts as passed. It is warned about.
    type: bool
  age:
    description:
      - Select the tokens that were created at least this long ago, such as V(90d). The unit is V(s), V(m), V(h), V(d) or V(w), as in
        M(ansible.builtin.find), and must be given. Use this to enforce that tokens are renewed.
      - A C(create_date) that is missing or cannot be read never counts as old. It is warned about.
    type: str
notes:
  - "The selectors are O(ids), O(agent_ids), O(agent_emails), O(client_identifiers), O(scopes), O(token_values), O(expired) and O(age).
    Those that are given must all match; the values within one are alternatives."
  - An empty list selects nothing. A selector that is null makes the task fail, since a variable without a value must not widen
    the selection; to leave one out on purpose, let its default be C(omit).
  - An agent, client or value that no listed token has is warned about, since it may be mistyped.
"""
