#!/usr/bin/python

# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: zchat_oauth_token
short_description: Revoke OAuth tokens of a Zendesk Chat account
version_added: 1.0.0
description:
  - Revokes OAuth tokens of a Zendesk Chat account and verifies that they are gone. An OAuth token allows a program to act as
    an agent until it expires or is revoked, even if the person has left the company.
  - At least one selector is required. See the notes for how selectors are combined.
  - A revocation cannot be undone. Run the task with C(--check --diff) first. A dry run selects the same tokens, checks the
    same guards, and sends no request that changes data.
  - The module lists the tokens once, selects, checks the guards O(own_token) and O(max_revocations), sends one DELETE for each
    selected token, and reads the list again. It never sends a DELETE for a token that the API did not just list.
  - If a token is not revoked, the task fails. The result contains the outcome of each selected token on success and on failure.
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
      - A dry run cannot show the API's response to a DELETE, or tokens that appear only in a later list.
  diff_mode:
    support: full
    details:
      - C(before) has one line for each selected token, C(after) has the lines that remain.
  idempotent:
    support: full
    details:
      - After O(own_token=revoke) has revoked the token that the task authenticates with, the next run cannot authenticate.
options:
  state:
    description:
      - Desired state of the selected tokens. V(absent) revokes them. The API cannot create tokens.
    type: str
    required: true
    choices: [absent]
  own_token:
    description:
      - What to do if the selection contains the token that this task authenticates with (O(access_token)). With O(client_id), it never
        does.
      - V(refuse) fails before any token is revoked. Use this unless the selection should include it.
      - V(keep) keeps it. Use this to clean up everything else.
      - V(revoke) revokes it after all others, if these were revoked, and verifies that it no longer works. Use this for a token
        that was created for one run, or was leaked.
      - If the API does not list the value of the own token, V(refuse) and V(keep) fail if the selection contains a token that
        can be the own token, that is, a token of the same agent or without an agent.
    type: str
    choices: [refuse, keep, revoke]
    default: refuse
  max_revocations:
    description:
      - Fail before any token is revoked if the task would revoke more tokens than this. Set it in every unattended playbook,
        somewhat higher than you expect; V(20) is usually enough for one person.
      - V(0) fails if there is anything to revoke. The tokens in RV(kept) are not revoked, so this limit does not count them.
    type: int
  concurrency:
    description:
      - The number of concurrent DELETE requests, from 1 to 32. With V(8), the rate limit of the API determines how long many
        revocations take. Increase it only if the API takes longer than two seconds to respond.
      - When the API refuses a request because of its rate limit, all requests wait, and then continue with the same number.
    type: int
    default: 8
  verify:
    description:
      - Whether to read the list again after the revocation. If a token is still listed after five seconds, the task fails.
        Matching tokens that were not listed before are revoked too, in up to 20 rounds; O(max_revocations) applies to the total.
      - A token that was listed before and matches only now, for example because its agent was disabled meanwhile, is not revoked. The
        module warns about it, and RV(verified) is V(false).
      - Turn this off only if reading the list takes too long. RV(verified) is then V(false) after a revocation.
    type: bool
    default: true
  journal:
    description:
      - A file to which the module appends one line of JSON before it sends each DELETE, and one for its outcome. Use this to follow
        a long run (C(tail -f)), and as a record that remains however the run ends.
      - The path is on the host that runs the module. It must not be a link. On the controller, a relative path is relative to the folder in
        which you started Ansible. C(~) is the home directory, and a path with C($) is an error.
      - A new file gets mode C(0600). If the file cannot be opened, nothing is
        revoked. If a line cannot be written, no further DELETE is sent. Check mode writes nothing.
      - The keys of a line are C(time), C(account), C(token), C(agent_id), C(client_identifier), C(event), C(n) (tokens revoked so
        far) and C(of) (tokens selected so far, without kept ones).
      - C(event) is V(delete) (a DELETE is sent next), V(revoked), V(gone) or V(failed). If the list contradicts a response later,
        there is another line. A token whose last line is V(delete) may be revoked.
    type: path
  probe_values:
    description:
      - Whether to test each value in O(token_values) as a bearer token after the revocation. Use this to prove that a leaked value no longer
        works, also if the API does not list it. The values are sent only to the base URL.
      - If one still works after five seconds, the task fails.
      - A value that is a refresh token, or that of a kept token, is not tested. Check mode tests no value.
    type: bool
    default: true
notes:
  - The vendor does not document whether an Administrator always sees the tokens of all agents. RV(listed) shows how much the API
    listed.
  - Only HTTP 204, or HTTP 200 without a body, confirms a revocation. After any other 2xx such as 202, a 5xx or no response, the outcome
    is unknown until the list is read again.
  - A response that does not have the form of the Chat API, such as a web page of a proxy or a firewall, shows nothing about a token, an
    agent or a value.
  - The module writes each revocation to the system log of the host that runs it, except with C(no_log).
  - If a run is interrupted (Ctrl-C, SIGTERM, SIGHUP, a task C(timeout)), the module sends no further DELETE. Active requests are completed and
    recorded. Run the task again to revoke the rest. If C(timeout) or Ansible ended the task, its result is lost; the journal and the
    system log remain. If Ansible ends without stopping the module, for example after a SIGKILL, the module continues.
  - With C(--check), the task fails if its keyword C(check_mode) is null, because Ansible would then ignore C(--check).
seealso:
  - module: zchat.admin.zchat_oauth_token_info
  - module: zchat.admin.zchat_agent_info
  - module: zchat.admin.zchat_offboard
"""

EXAMPLES = r"""
- name: Revoke every token of a departing agent
  zchat.admin.zchat_oauth_token:
    state: absent
    agent_email: jonas.weber@example.com
    max_revocations: 20
  register: revocation

- name: Show the result
  ansible.builtin.debug:
    msg: "{{ revocation.msg }} ({{ revocation.listed.tokens }} tokens were listed)"

- name: Revoke every token of an agent that was deleted and can no longer be found by address
  zchat.admin.zchat_oauth_token:
    state: absent
    agent_id: 10000026
    max_revocations: 20

- name: Revoke a leaked token
  zchat.admin.zchat_oauth_token:
    state: absent
    token_value: "{{ leaked_value }}"
    max_revocations: 1

- name: Revoke expired tokens
  zchat.admin.zchat_oauth_token:
    state: absent
    expired: true
    max_revocations: 100

- name: Revoke the tokens of a retired integration
  zchat.admin.zchat_oauth_token:
    state: absent
    client_identifiers: [old-dashboard]
    max_revocations: 50
    journal: revocations.jsonl

- name: Revoke tokens that can write and are older than 90 days, except the token of this task
  zchat.admin.zchat_oauth_token:
    state: absent
    scopes: [write]
    age: 90d
    own_token: keep
    max_revocations: 50

- name: Revoke every token after a breach, except those of two integrations and of three people
  zchat.admin.zchat_oauth_token:
    state: absent
    all: true
    exclude:
      client_identifiers: [crm-sync, reporting]
      agent_emails: "{{ people_to_keep }}"
    own_token: keep
    max_revocations: 500

- name: Revoke the tokens of agents that are disabled or were deleted
  zchat.admin.zchat_oauth_token:
    state: absent
    agent_status: [disabled, missing]
    max_revocations: 50

- name: Revoke tokens by id
  zchat.admin.zchat_oauth_token:
    api_url: "{{ chat_api_url }}"
    access_token: "{{ chat_access_token }}"
    state: absent
    ids:
      - 38
      - 143
"""

RETURN = r"""
msg:
  description: The result in one sentence. On failure, the reason and what to do.
  returned: always
  type: str
  sample: 12 tokens revoked, and no selected token is left.
revoked:
  description:
    - The tokens that were revoked (in check mode, would be revoked), sorted by id.
    - Each has the keys of RV(zchat.admin.zchat_oauth_token_info#module:tokens), but never token values.
  returned: always
  type: list
  elements: dict
kept:
  description: The selected tokens that were kept. Each has the keys of RV(revoked) and one additional key.
  returned: always
  type: list
  elements: dict
  contains:
    reason:
      description: Why the token was kept.
      returned: always
      type: str
      sample: own token
gone:
  description:
    - The tokens that were listed, but that someone else had revoked when their turn came. Each has the keys of RV(revoked).
  returned: always
  type: list
  elements: dict
not_revoked:
  description:
    - The selected tokens that were not revoked, or whose revocation was not attempted. If there are any, the task fails.
    - Each has the keys of RV(revoked) and two additional keys.
  returned: always
  type: list
  elements: dict
  contains:
    status:
      description: The HTTP status of the response to the DELETE, also if a later list contradicts it; null if there was none.
      returned: always
      type: int
      sample: 403
    msg:
      description: Why the token was not revoked, and what to do.
      returned: always
      type: str
      sample: "Not attempted: see the message of the task."
already_absent:
  description: Those of O(ids) that the API does not list.
  returned: always
  type: list
  elements: int
  sample: [7]
verified:
  description:
    - Whether the last list, read after the last DELETE, contains no selected token other than kept ones. If there was nothing to
      revoke, the first list is sufficient. If the task's own token was revoked, it must also be rejected by the API.
    - V(false) in check mode if a token would be revoked, with O(verify=false) after a revocation, if a token matches only after the
      revocation of the others, and on failure.
  returned: always
  type: bool
  sample: true
listed:
  description:
    - How much the API listed, before any selector applies; null if the task failed before.
    - It has the keys of RV(zchat.admin.zchat_oauth_token_info#module:listed).
  returned: always
  type: dict
  sample: {"tokens": 21, "agents": 5, "own_only": false}
own_token_id:
  description:
    - The id of the token that the task authenticates with; null if the list does not identify it, or with O(client_id).
  returned: always
  type: int
  sample: 1101
unknown_agent_emails:
  description: Those of O(agent_emails) that no agent has. Check them for typos.
  returned: always
  type: list
  elements: str
  sample: [nobody@example.com]
unknown_client_names:
  description: Those of O(client_names) that no listed API client has. Check them for typos.
  returned: always
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
  description:
    - The API clients of the returned tokens; null if they could not be read.
    - Each has the keys of RV(zchat.admin.zchat_oauth_token_info#module:clients).
  returned: if O(names=true)
  type: list
  elements: dict
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

from ansible_collections.zchat.admin.plugins.module_utils._module import run_module
from ansible_collections.zchat.admin.plugins.module_utils._revoking.outcomes import Outcomes
from ansible_collections.zchat.admin.plugins.module_utils._revoking.results import token_outcomes
from ansible_collections.zchat.admin.plugins.module_utils._revoking.revocation import revoke_selected
from ansible_collections.zchat.admin.plugins.module_utils._revoking.selectors import SELECTORS
from ansible_collections.zchat.admin.plugins.module_utils._task import Task

SPEC: dict[str, dict[str, Any]] = {
    **SELECTORS,
    "state": {"type": "str", "choices": ["absent"], "required": True},
    "own_token": {"type": "str", "choices": ["refuse", "keep", "revoke"], "default": "refuse", "no_log": False},
    "max_revocations": {"type": "int"},
    "concurrency": {"type": "int", "default": 8},
    "verify": {"type": "bool", "default": True},
    "journal": {"type": "path"},
    "names": {"type": "bool", "default": False},
    "probe_values": {"type": "bool", "default": True},
}


def run(task: Task) -> dict[str, Any]:
    """Revoke the selected tokens."""
    result, _more = revoke_selected(task)
    return result


def main() -> None:
    run_module(SPEC, run, on_failure=token_outcomes(Outcomes()))


if __name__ == "__main__":
    main()
