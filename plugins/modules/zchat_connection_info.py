#!/usr/bin/python

# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: zchat_connection_info
short_description: Check whether a connection to Zendesk Chat can list and revoke tokens
version_added: 1.0.0
description:
  - Reports whether the task's connection can list and revoke OAuth tokens, before a run depends on it.
  - Use this before the first use of an account or a new token. The playbook C(zchat.admin.preflight) runs it for many accounts.
  - It sends only GET requests, and those that get and revoke the token of the task (see O(client_id)). It fails only if it cannot
    connect, or if the API rejects the credentials; everything else is in RV(findings).
author:
  - The zchat.admin maintainers (@zchat-admin)
extends_documentation_fragment:
  - zchat.admin.attributes
  - zchat.admin.attributes.action_group
  - zchat.admin.attributes.info_module
  - zchat.admin.zchat
options:
  expires_within:
    description:
      - The connection is not ready if the task's own token expires within this time, such as V(14d). Use this for a token that must
        last until the next check or the next run. The unit is V(s), V(m), V(h), V(d) or V(w) and is required.
      - Without it, an expiry within 14 days is only a finding, because many tokens live for hours.
      - It does not apply to a token of one run (see O(client_id)), which is new in each run. If the token cannot be identified, its
        expiry is unknown, which is only a finding.
    type: str
seealso:
  - module: zchat.admin.zchat_oauth_token_info
"""

EXAMPLES = r"""
- name: Check the connection in ZCHAT_SUBDOMAIN and ZCHAT_ACCESS_TOKEN
  zchat.admin.zchat_connection_info:
  register: connection

- name: Stop if the connection cannot revoke tokens
  ansible.builtin.assert:
    that: connection.ready
    fail_msg: "{{ connection.findings | map(attribute='text') | join(' ') }}"

- name: Check that the token lasts for the next two weeks
  zchat.admin.zchat_connection_info:
    expires_within: 14d
  register: connection

- name: Stop if the list does not show when the token expires
  ansible.builtin.assert:
    that: "'own_token_unknown' not in connection.findings | map(attribute='code')"
"""

RETURN = r"""
ready:
  description:
    - Whether the connection can list tokens, and nothing is known that prevents a revocation (an agent that is not an
      Administrator, a token without the scope C(write), an expiry within O(expires_within)).
  returned: success
  type: bool
  sample: true
findings:
  description: What a person should know about this connection, the most serious first.
  returned: success
  type: list
  elements: dict
  sample: []
  contains:
    code:
      description:
        - The kind of the finding. A code does not change; a later version can add codes.
        - With one of the first three, RV(ready) is false, and with C(expires_soon) if O(expires_within) is set.
        - C(cannot_list) - the tokens cannot be listed.
        - C(not_administrator) - the agent is not an Administrator.
        - C(no_write) - the task's own token lacks the scope C(write).
        - C(expires_soon) - the task's own token expires within O(expires_within), or within 14 days if that is not set.
        - C(own_only) - the API listed only tokens of the own agent.
        - C(own_token_unknown) - the list does not identify the task's own token, so its expiry and its scopes are unknown. A login
          with O(email) has no such token.
        - C(values_shortened) - the API lists only the beginning of token values.
        - C(role_unknown) - the role of the agent could not be read.
        - C(missing_unknown) - the lookup of an agent that does not exist returns no 404 in the form of the API, so
          O(zchat.admin.zchat_oauth_token#module:agent_status=missing) cannot select tokens. The module requests an id that no agent
          can have.
        - C(clients_unknown) - the names of API clients cannot be read.
      returned: always
      type: str
      sample: not_administrator
    text:
      description: The finding for a person, in one or more sentences.
      returned: always
      type: str
      sample: The agent is not an Administrator. The API requires one to list and revoke tokens.
can_list:
  description: Whether the connection can list tokens.
  returned: success
  type: bool
  sample: true
can_revoke:
  description: Whether the task's own token has the scope C(write); null if the list does not identify this token.
  returned: success
  type: bool
  sample: true
agent:
  description:
    - The agent that the task authenticates as; null if it could not be read.
    - It has the keys of RV(zchat.admin.zchat_agent_info#module:agents).
  returned: success
  type: dict
token:
  description:
    - The token that the task authenticates with, also one of O(client_id); null if the list does not identify it.
    - It has the keys of RV(zchat.admin.zchat_oauth_token_info#module:tokens), but never token values.
  returned: success
  type: dict
values_shortened:
  description: Whether the API lists only the beginning of token values; null if that is unknown.
  returned: success
  type: bool
  sample: false
listed:
  description:
    - How much the API listed; null if the list could not be read.
    - It has the keys of RV(zchat.admin.zchat_oauth_token_info#module:listed).
  returned: success
  type: dict
  sample: {"tokens": 21, "agents": 5, "own_only": false}
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

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils._api.agents import (
    Agent,
    agent_result,
    check_missing_agents,
)
from ansible_collections.zchat.admin.plugins.module_utils._api.clients import list_clients
from ansible_collections.zchat.admin.plugins.module_utils._api.tokens import Token, TokenList, list_tokens, token_result
from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError, Credential, CredentialKind
from ansible_collections.zchat.admin.plugins.module_utils._module import run_module
from ansible_collections.zchat.admin.plugins.module_utils._options import seconds
from ansible_collections.zchat.admin.plugins.module_utils._revoking.own_token import Listed, OwnToken
from ansible_collections.zchat.admin.plugins.module_utils._revoking.selectors import expires
from ansible_collections.zchat.admin.plugins.module_utils._task import Task

SPEC: dict[str, dict[str, Any]] = {"expires_within": {"type": "str"}}
_SOON = 14 * 86_400


def run(task: Task) -> dict[str, Any]:
    """Report what the connection can do."""
    not_ready = {"cannot_list", "not_administrator", "no_write"}
    if seconds(task.options, "expires_within") is not None:
        not_ready.add("expires_soon")
    problems: dict[str, ChatError] = {}
    own = OwnToken(task.client)
    agent: Agent | None = _try(problems, "agent", own.agent)
    tokens: TokenList | None = _try(problems, "tokens", lambda: list_tokens(task.client))
    _try(problems, "clients", lambda: list_clients(task.client))
    if tokens:
        _try(problems, "missing", lambda: check_missing_agents(task.client))
    token = own.identify(tokens) if tokens else None
    listed = own.listed(tokens) if tokens else None
    shortened = None if token is None else token.access_token != task.client.connection.access_token
    can_revoke = None if token is None or token.scopes is None else "write" in token.scope_set()
    credential = task.client.connection.credential
    expiry = _expiry(token, credential, task.options)
    found = _findings(problems, agent, token, listed, shortened, can_revoke, credential, expiry)
    return {
        "changed": False,
        "agent": agent_result(agent) if agent else None,
        "token": token_result(token) if token else None,
        "listed": vars(listed) if listed else None,
        "values_shortened": shortened,
        "can_list": tokens is not None,
        "can_revoke": can_revoke,
        "ready": not_ready.isdisjoint(found),
        "findings": [
            {"code": code, "text": found[code]} for code in sorted(found, key=lambda code: code not in not_ready)
        ],
    }


def _try(problems: dict[str, ChatError], what: str, read: Callable[[], Any]) -> Any:
    """Return what ``read`` returns. An error response becomes a problem; no response, or a 401, fails the task."""
    try:
        return read()
    except ChatError as error:
        if error.status in (None, 401):
            raise
        problems[what] = error
        return None


def _lacks_role(agent: Agent | None) -> bool:
    return agent is not None and agent.administrator is False and not agent.owner


def _findings(
    problems: Mapping[str, ChatError],
    agent: Agent | None,
    token: Token | None,
    listed: Listed | None,
    shortened: bool | None,
    can_revoke: bool | None,
    credential: Credential,
    expiry: str | None,
) -> dict[str, str]:
    """Return the text of each finding by its code, the most serious first. ``expiry`` is the text about the expiry of the token."""
    found = {}
    if "tokens" in problems:
        error = problems["tokens"]
        found["cannot_list"] = f"The tokens cannot be listed. {error.msg}"
        # If it is not the Chat API, every other request fails for the same reason.
        if len(problems) == 3 and error.status != 403 and len({other.status for other in problems.values()}) == 1:
            return found
    if _lacks_role(agent):
        found["not_administrator"] = (
            "The agent is not an Administrator. The API requires one to list and revoke tokens."
        )
    if can_revoke is False:
        advice = "Give its API client" if credential.kind is CredentialKind.CLIENT else "Use a token with"
        found["no_write"] = (
            f"The {credential} lacks the scope 'write', so the API probably refuses every revocation. {advice} the scopes "
            "'read write'."
        )
    if listed and listed.own_only:
        found["own_only"] = "The API listed only tokens of this agent. It may not show the tokens of other agents."
    if shortened:
        found["values_shortened"] = (
            "The API lists only the beginning of token values. A leaked value is found by this beginning."
        )
    if agent is None or agent.administrator is None:
        reason = problems["agent"].msg if "agent" in problems else "The API returns no role for it."
        found["role_unknown"] = f"The role of the agent could not be read. {reason}"
    if expiry:
        found["expires_soon"] = expiry
    if "clients" in problems:
        found["clients_unknown"] = f"The names of API clients cannot be read. {problems['clients'].msg}"
    if listed and token is None and credential.kind is not CredentialKind.PASSWORD:
        found["own_token_unknown"] = (
            f"The list of tokens does not show which one is the {credential}, so its expiry and its scopes are unknown."
        )
    if "missing" in problems:
        found["missing_unknown"] = (
            "The API does not show that an agent is missing, so 'agent_status: missing' cannot select tokens. "
            f"{problems['missing'].msg}"
        )
    return found


def _expiry(token: Token | None, credential: Credential, options: Mapping[str, Any]) -> str | None:
    """Return the text if the own token expires within the time of the option, or without it within 14 days."""
    # A token of one run is new in each run.
    if token is None or credential.kind is CredentialKind.CLIENT:
        return None
    within = seconds(options, "expires_within")
    if (expires(token) or math.inf) >= time.time() + (within or _SOON):
        return None
    span = "14 days" if within is None else f"{options['expires_within']} ('expires_within')"
    return f"The token expires within {span}, on {token.expire_date}."


def main() -> None:
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
