#!/usr/bin/python

# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: zchat_oauth_token
short_description: Revoke OAuth tokens of a Zendesk Chat account
version_added: 0.1.0
description:
  - Revokes OAuth access tokens of a Zendesk Chat account and proves that they are gone. Whoever holds such a token can act as
    the agent it was made for until it expires or is revoked, also after that person has left.
  - Which tokens are meant is said by the selectors O(ids), O(agent_ids), O(agent_emails), O(client_identifiers), O(scopes),
    O(token_values), O(expired) and O(age). At least one is needed; those that are given must all match.
  - A token that is revoked is gone for good. Run the task with C(--check --diff) first; it picks the same tokens, passes the
    same guards and sends no request that changes anything.
  - The task lists the tokens once, picks those that are meant, checks the guards O(own_token) and O(max_revocations), sends one
    DELETE for each token that is left, and reads the list again to see that they are gone. A token that was not just listed is
    never touched, not even one named in O(ids).
  - If any token could not be revoked the task fails, and still says for each token what became of it.
author:
  - The zchat.admin maintainers (@zchat-admin)
extends_documentation_fragment:
  - zchat.admin.attributes
  - zchat.admin.attributes.action_group
  - zchat.admin.selectors
  - zchat.admin.zchat
attributes:
  check_mode:
    support: full
    details:
      - Everything but the DELETE requests is done as in a real run, with the same guards, failures, result and diff. What only the
        API's answer to a DELETE can show, a dry run cannot know, nor the tokens that only a second look at the list brings up.
  diff_mode:
    support: full
    details:
      - One line for each token that is meant, and the lines of those that are left.
  idempotent:
    support: full
    details:
      - After O(own_token=revoke) has ended the very token that the task authenticates with, a second run cannot authenticate.
options:
  state:
    description:
      - What the tokens are to be. V(absent) revokes them. The API has no way to create tokens.
    type: str
    required: true
    choices: [absent]
  own_token:
    description:
      - What to do when the selection holds the very token that this task authenticates with (O(access_token)).
      - V(refuse) fails before anything is revoked. Leave it so, unless the token may really be among those to end.
      - V(keep) spares it. Use this to clean out everything else.
      - V(revoke) revokes it after all the others, and only if these were revoked. Use this for a token that is made for one run,
        or has leaked.
      - The token is told from others by its value. Should the API not list enough of the values for that, V(refuse) and V(keep)
        both fail; authenticate with O(email) and O(password) then.
    type: str
    choices: [refuse, keep, revoke]
    default: refuse
  max_revocations:
    description:
      - Fail, before anything is revoked, if more tokens than this would be. Set it in every unattended playbook, to somewhat more
        than you expect; for one person V(20) is plenty.
      - V(0) fails as soon as there is anything to revoke.
    type: int
  concurrency:
    description:
      - How many DELETE requests may be under way at once, from 1 to 32. Raise it for hundreds of tokens; the API's rate limit is
        kept all the same.
    type: int
    default: 8
  verify:
    description:
      - Whether to read the list again after revoking. A token that is still listed after 5 seconds is a failure, although the
        API accepted its DELETE. Tokens that are meant and were not listed before, since the API cut its list short or somebody
        made them meanwhile, are revoked too, in up to 20 rounds; O(max_revocations) counts all of them.
      - Turn this off only where reading the list is too slow. RV(verified) is V(false) then.
    type: bool
    default: true
notes:
  - The vendor does not say whether an administrator is always shown every agent's tokens. So that nothing was left to revoke is
    not a proof by itself. Check with RV(listed) that the API listed as many tokens and agents as the account has.
  - Each revocation is noted in the system log of the host that runs the task as soon as it is done, by token id and agent id. So
    an interrupted run can be traced; run the task again to finish it.
seealso:
  - module: zchat.admin.zchat_oauth_token_info
  - module: zchat.admin.zchat_agent_info
"""

EXAMPLES = r"""
- name: Revoke every token of somebody who leaves
  zchat.admin.zchat_oauth_token:
    state: absent
    agent_email: jonas.weber@example.com
    max_revocations: 20
  register: offboarding

- name: Say what became of them
  ansible.builtin.debug:
    msg: "{{ offboarding.revoked | length }} of {{ offboarding.listed.tokens }} tokens revoked, verified: {{ offboarding.verified }}"

- name: Revoke every token of an agent that was deleted, and so can no longer be looked up
  zchat.admin.zchat_oauth_token:
    state: absent
    agent_id: 10000026
    max_revocations: 20

- name: Revoke a token that was found in a log, whoever it belongs to
  zchat.admin.zchat_oauth_token:
    state: absent
    token_value: "{{ leaked_value }}"

- name: Clean up what has expired, week by week
  zchat.admin.zchat_oauth_token:
    state: absent
    expired: true
    max_revocations: 100

- name: Revoke what a retired integration still holds
  zchat.admin.zchat_oauth_token:
    state: absent
    client_identifiers: [old-dashboard]
    max_revocations: 50

- name: Revoke what can write and is older than 90 days, but not the token of this task
  zchat.admin.zchat_oauth_token:
    state: absent
    scopes: [write]
    age: 90d
    own_token: keep
    max_revocations: 50

- name: Revoke tokens by id, at an address given in full
  zchat.admin.zchat_oauth_token:
    api_url: "{{ chat_api_url }}"
    access_token: "{{ chat_access_token }}"
    state: absent
    ids:
      - 38
      - 143
"""

RETURN = r"""
revoked:
  description: The tokens that were revoked (that would be, in check mode), ordered by id. Their values are never returned.
  returned: always
  type: list
  elements: dict
  contains: &token
    id:
      description: The id of the token.
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
kept:
  description: The token that this task authenticates with, where the selectors mean it and O(own_token=keep) spared it.
  returned: always
  type: list
  elements: dict
  contains: *token
already_absent:
  description:
    - Ids asked for in O(ids) that the API does not list, and the ids of tokens that somebody else had ended when their turn came.
  returned: always
  type: list
  elements: int
  sample: [7]
not_revoked:
  description:
    - The tokens that are meant but were not revoked, or not even tried, ordered by id. If there are any, the task fails.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: The id of the token.
      returned: always
      type: int
      sample: 143
    status:
      description: The HTTP status that refused it; null if it was not tried or not answered, or is still listed all the same.
      returned: always
      type: int
      sample: 403
    msg:
      description: Why it was not revoked, and what to do.
      returned: always
      type: str
verified:
  description:
    - Whether the last list that was read holds no token that the selectors mean, apart from the token of this task itself. If
      there was nothing to revoke, the first list is that proof.
    - V(false) in check mode if something would be revoked, after a revocation with O(verify=false), and on failure.
  returned: always
  type: bool
  sample: true
listed:
  description:
    - How much the API listed at all, before any selector and before anything was revoked; null if the list could not be had.
  returned: always
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
  description:
    - Those of O(agent_emails) that no agent has. Each may be mistyped. Empty if the addresses could not be looked up.
  returned: always
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

from ansible_collections.zchat.admin.plugins.module_utils.client import ChatClient
from ansible_collections.zchat.admin.plugins.module_utils.connection import CONNECTION_OPTIONS, IDENTITY_OPTIONS
from ansible_collections.zchat.admin.plugins.module_utils.module import execute
from ansible_collections.zchat.admin.plugins.module_utils.revocation import (
    GUARDS,
    NOTHING_DONE,
    Revocation,
    limits_from,
)
from ansible_collections.zchat.admin.plugins.module_utils.selection import SELECTORS, noting_left_out, selectors_from


def run(params: Mapping[str, Any], client: ChatClient, check_mode: bool) -> dict[str, Any]:
    """Revoke the tokens that the selectors mean."""
    limits = limits_from(params)
    selectors = selectors_from(params, required=True)
    return Revocation(client, selectors, limits, time.time()).play(check_mode)


def main() -> None:
    left_out: set[str] = set()
    module = AnsibleModule(
        argument_spec={
            **CONNECTION_OPTIONS,
            **noting_left_out(left_out, {**IDENTITY_OPTIONS, **SELECTORS, **GUARDS}),
            "state": {"type": "str", "choices": ["absent"], "required": True},
            "own_token": {"type": "str", "choices": ["refuse", "keep", "revoke"], "default": "refuse", "no_log": False},
            "concurrency": {"type": "int", "default": 8},
            "verify": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    execute(module, run, left_out, on_failure=NOTHING_DONE)


if __name__ == "__main__":
    main()
