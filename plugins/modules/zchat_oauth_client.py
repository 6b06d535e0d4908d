#!/usr/bin/python

# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: zchat_oauth_client
short_description: Delete API clients of a Zendesk Chat account, with their tokens
version_added: 1.0.0
description:
  - Deletes API clients of a Zendesk Chat account, revokes every OAuth token of these clients, and verifies both.
  - A person who has the secret of a confidential client can get a new token without signing in. So after a breach of an integration, it
    is not sufficient to revoke its tokens. Use this module also for what a departing person created.
  - At least one selector is required. See the notes for how selectors are combined.
  - Deletions and revocations cannot be undone. A client that is created again has another identifier and another secret. Run the task with
    C(--check --diff) first. A dry run selects the same clients and tokens, checks the same guards, and sends no request that changes data.
  - The module lists the clients and the tokens once, and checks all guards. Then it deletes the clients, revokes their tokens, and reads
    both lists again. It never sends a DELETE for a client or a token that the API did not just list.
  - If a client is not deleted, its tokens are revoked all the same, and the task fails.
author:
  - The zchat.admin maintainers (@zchat-admin)
extends_documentation_fragment:
  - zchat.admin.attributes
  - zchat.admin.attributes.action_group
  - zchat.admin.client_selectors
  - zchat.admin.zchat
attributes:
  check_mode:
    support: full
    details:
      - A dry run cannot show the API's response to a DELETE, or clients and tokens that appear only in a later list.
  diff_mode:
    support: full
    details:
      - C(before) has one line for each selected client and token, C(after) has the lines that remain.
  idempotent:
    support: full
    details:
      - A second run finds neither the clients nor their tokens. If it selects them by name or by id, it cannot verify this, see RV(verified).
options:
  state:
    description:
      - Desired state of the selected clients. V(absent) deletes them and revokes their tokens. The module creates no clients, because
        their secrets would be in its result.
    type: str
    required: true
    choices: [absent]
  max_deletions:
    description:
      - Fail before anything is deleted or revoked if the task would delete more clients than this. Set it in every unattended playbook;
        V(1) for one integration.
      - V(0) fails if there is a client to delete.
    type: int
  max_revocations:
    description:
      - Fail before anything is deleted or revoked if the task would revoke more tokens than this. Each user of an integration can have
        a token, so set it somewhat higher than the number of users.
      - V(0) fails if there is a token to revoke.
    type: int
  concurrency:
    description:
      - The number of concurrent DELETE requests, from 1 to 32. With V(8), the rate limit of the API determines how long many
        revocations take. Increase it only if the API takes longer than two seconds to respond.
    type: int
    default: 8
  journal:
    description:
      - A file to which the module appends one line of JSON before it sends each DELETE, and one for its outcome, as a record that remains
        however the run ends. See O(zchat.admin.zchat_oauth_token#module:journal) for the path and the keys.
      - A line about a client has C(client) instead of C(token), and its V(revoked) means that the client was deleted.
    type: path
notes:
  - A vendor page states that users see only the clients that they created, another one that an Administrator sees all. RV(listed) shows
    how much the API listed.
  - The client of the token that the task authenticates with is never deleted, and selecting it fails. If the API does not list the value of
    this token, each client of which the own agent has a token counts as this one. If it lists no token of the own agent, each client does.
  - The clients V(zopim) and V(zendesk) belong to the vendor. Selecting one fails, also if it is not listed.
  - If one of O(client_identifiers) is not listed as a client, the tokens that have it are revoked, with a warning. If the API may list only
    own clients, the task then fails, because the client may still exist.
  - The id, the name and the creator of such a client are unknown. So the task fails before anything is sent if it has tokens and another
    selector is set, or if O(exclude) has another list than C(client_identifiers).
  - The module writes each deletion and revocation to the system log of the host that runs it, except with C(no_log).
  - If a run is interrupted, see M(zchat.admin.zchat_oauth_token). The failure names the O(client_identifiers) for another run,
    because a deleted client can no longer be found by its name.
seealso:
  - module: zchat.admin.zchat_oauth_client_info
  - module: zchat.admin.zchat_oauth_token
"""

EXAMPLES = r"""
- name: End an integration whose vendor had a breach
  zchat.admin.zchat_oauth_client:
    state: absent
    client_name: CRM sync
    max_deletions: 1
    max_revocations: 50
  register: integration

- name: Show the result
  ansible.builtin.debug:
    msg: "{{ integration.msg }}"

- name: Delete every API client that a departing agent created, except one that the company still uses
  zchat.admin.zchat_oauth_client:
    state: absent
    agent_email: jonas.weber@example.com
    exclude:
      client_names: [Chat for mobile devices]
    max_deletions: 5
    max_revocations: 50
    journal: deletions.jsonl

- name: Revoke what is left of a client that was deleted before
  zchat.admin.zchat_oauth_client:
    state: absent
    client_identifier: old-dashboard
    max_deletions: 0
    max_revocations: 50
"""

RETURN = r"""
msg:
  description: The result in one sentence. On failure, the reason and what to do.
  returned: always
  type: str
  sample: 1 API client deleted, 2 tokens revoked, and none is left.
deleted:
  description:
    - The API clients that were deleted (in check mode, would be deleted), sorted by id.
    - Each has the keys of RV(zchat.admin.zchat_oauth_client_info#module:clients).
  returned: always
  type: list
  elements: dict
not_deleted:
  description:
    - The selected API clients that were not deleted, or whose deletion was not attempted. If there are any, the task fails.
    - Each has the keys of RV(deleted) and two additional keys.
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
      description: Why the client was not deleted, and what to do.
      returned: always
      type: str
      sample: "Not attempted: see the message of the task."
already_gone:
  description:
    - Those of O(ids) and O(client_identifiers) that the API does not list as clients, and the ids of clients that someone else had deleted
      when their turn came.
  returned: always
  type: list
  elements: raw
  sample: [7, "retired-app"]
revoked:
  description:
    - The tokens that were revoked (in check mode, would be revoked), sorted by id.
    - Each has the keys of RV(zchat.admin.zchat_oauth_token_info#module:tokens), but never token values.
  returned: always
  type: list
  elements: dict
gone:
  description:
    - The tokens that were listed, but that no longer existed when their turn came, for example because the API revoked them with their
      client. Each has the keys of RV(revoked).
  returned: always
  type: list
  elements: dict
not_revoked:
  description:
    - The selected tokens that were not revoked, or whose revocation was not attempted. If there are any, the task fails.
    - Each has the keys of RV(zchat.admin.zchat_oauth_token#module:not_revoked).
  returned: always
  type: list
  elements: dict
verified:
  description:
    - Whether the last list of tokens contains no token of a selected client, and the list of clients, read after it, no selected client. If
      no client is selected, the first lists are sufficient.
    - V(false) in check mode if something would be deleted or revoked, and on failure.
    - Also V(false), with a warning, if no agent has a given address, if a given name or id is not listed, if an identifier that is not
      listed is similar to one that is, if a client matches only at the end, if the clients of an agent are selected and the list may
      lack clients of other agents, and if the API lists no token of another agent.
  returned: always
  type: bool
  sample: true
listed:
  description:
    - How many clients the API listed, before any selector applies; null if the task failed before.
    - It has the keys of RV(zchat.admin.zchat_oauth_client_info#module:listed).
  returned: always
  type: dict
  sample: {"clients": 7, "agents": 3, "own_only": false}
unknown_agent_emails:
  description: Those of O(agent_emails) that no agent has. Check them for typos.
  returned: always
  type: list
  elements: str
  sample: [nobody@example.com]
unknown_client_names:
  description: Those of O(client_names) that no listed client has. Check them for typos.
  returned: always
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

from ansible_collections.zchat.admin.plugins.module_utils._module import run_module
from ansible_collections.zchat.admin.plugins.module_utils._revoking.client_deletion import delete_selected, no_result
from ansible_collections.zchat.admin.plugins.module_utils._revoking.selectors import CLIENT_SELECTORS
from ansible_collections.zchat.admin.plugins.module_utils._task import Task

SPEC: dict[str, dict[str, Any]] = {
    **CLIENT_SELECTORS,
    "state": {"type": "str", "choices": ["absent"], "required": True},
    "max_deletions": {"type": "int"},
    "max_revocations": {"type": "int"},
    "concurrency": {"type": "int", "default": 8},
    "journal": {"type": "path"},
}


def run(task: Task) -> dict[str, Any]:
    """Delete the selected API clients, and revoke their tokens."""
    return delete_selected(task)


def main() -> None:
    run_module(SPEC, run, on_failure=no_result())


if __name__ == "__main__":
    main()
