#!/usr/bin/python

# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file has only the documentation. The code is in plugins/action/zchat_offboard.py.

from __future__ import annotations

DOCUMENTATION = r"""
module: zchat_offboard
short_description: Offboard people from Zendesk Chat, and write a report
version_added: 1.0.0
description:
  - Finds agents by address or id, revokes every OAuth token they have, verifies the revocation, and writes a report.
  - Use this task, or the role P(zchat.admin.offboard#role) that consists of it, if you need a report. Otherwise use
    M(zchat.admin.zchat_oauth_token).
  - The report also names the API clients that each person created. The task deletes none of them. To do this, use
    M(zchat.admin.zchat_oauth_client).
  - The task tests the report folder before it revokes anything. It also writes the report if a revocation failed, and fails afterwards.
author:
  - The zchat.admin maintainers (@zchat-admin)
extends_documentation_fragment:
  - zchat.admin.attributes
  - zchat.admin.attributes.action_group
  - zchat.admin.zchat
attributes:
  action:
    description: Runs on the controller, whatever the connection of the host is.
    support: full
  check_mode:
    support: full
    details:
      - The task revokes nothing, and still writes the report, marked as a dry run.
  diff_mode:
    support: full
    details:
      - One line for each selected token, and the lines of those that remain.
  idempotent:
    support: full
options:
  agent_emails:
    description:
      - The addresses of the departing agents. Use this if HR gives you addresses.
      - An address that no agent has is not a failure (see O(unknown_agents)). The address of a deleted agent cannot be found.
        Use O(agent_ids) for a deleted agent.
      - If this and O(agent_ids) are both empty, the task sends no request and writes no report.
    type: list
    elements: str
    default: []
  agent_ids:
    description:
      - The ids of the departing agents. Use this for agents who were deleted before their tokens were revoked.
    type: list
    elements: int
    default: []
  own_token:
    description:
      - What to do if a departing agent owns the token that this task authenticates with. See
        O(zchat.admin.zchat_oauth_token#module:own_token).
      - Set it to V(revoke) if the person who owns the automation's token leaves. Create a new token first.
    type: str
    choices: [refuse, keep, revoke]
    default: refuse
  max_revocations:
    description:
      - Fail before any revocation if the task would revoke more tokens than this. Set it in every unattended playbook.
    type: int
  report_dir:
    description:
      - The folder on the controller for the report. Set it if the offboarding must be approved or archived. Without it, the
        task writes no report.
      - A relative path is relative to the folder in which you started Ansible. C(~) is the home directory, and a path with C($) is an
        error. The task creates a missing folder with mode C(0700).
      - The file names are C(offboard-HOST-TIME), such as C(offboard-acme.zendesk.com-20261123T141500Z.html). If a name is taken, the
        task adds a number. It never overwrites a report. The files have mode C(0600).
      - The journal is next to the report, with the extension C(.jsonl). It has one line before each DELETE, and one for its
        outcome. See O(zchat.admin.zchat_oauth_token#module:journal). If no DELETE was sent, there is no journal.
      - The task writes the name and SHA-256 of each file to the system log.
    type: path
  report_formats:
    description:
      - The formats of the report. V(json) is for programs. V(html) is a page for the person who approves the offboarding.
    type: list
    elements: str
    choices: [json, html]
    default: [json, html]
  unknown_agents:
    description:
      - What to do if an address or id does not exist in the account.
      - V(warn) is for lists that can contain people who never had Chat.
      - V(fail) revokes the tokens of the others, writes the report, and then fails. Use this if every person must be found. The id of
        a deleted agent that still has tokens, or that created an API client, does not count as unknown.
    type: str
    choices: [warn, fail]
    default: warn
  own_only:
    description:
      - What to do if the API lists no token of an agent other than the task's own (C(own_only) in RV(report.listed) is V(true), or null if
        this is unknown). It may not show the tokens of other agents, so it is unknown whether these people have tokens.
      - V(fail) revokes the selected tokens, writes the report, whose RV(report.headline) begins with C(NOT COMPLETE), and then fails. It does
        not fail if all these people are the task's own agent, whose tokens the API lists.
      - V(warn) only states it. Use this for an account in which no other agent has a token.
      - An earlier JSON report in O(report_dir) in which C(own_only) is V(false) proves that the API lists the tokens of other agents. Then
        nothing is unknown, and this option does not apply. So a second run in a small account succeeds. See RV(report.earlier_report).
      - Such a report must be of the same account and the same own agent, which is still an Administrator, and a file that only this user
        can change. The 50 newest ones are read.
    type: str
    choices: [fail, warn]
    default: fail
notes:
  - If a run is interrupted (a signal, a task C(timeout), the end of Ansible), the task sends no further DELETE. It completes active
    requests, and writes the report, which begins with C(NOT COMPLETE). Only if the process itself is killed, the journal is the only
    record.
  - With C(--check), the task fails if its keyword C(check_mode) is null, because Ansible would then ignore C(--check).
seealso:
  - module: zchat.admin.zchat_oauth_token
  - module: zchat.admin.zchat_oauth_client
"""

EXAMPLES = r"""
- name: Offboard two people, and write a report
  zchat.admin.zchat_offboard:
    agent_emails:
      - jonas.weber@example.com
      - priya.nair@example.com
    max_revocations: 20
    report_dir: reports
  register: offboarding

- name: Show the result and the files
  ansible.builtin.debug:
    msg: "{{ [offboarding.msg] + offboarding.report_files }}"

- name: Preview an offboarding in which every person must be found
  zchat.admin.zchat_offboard:
    agent_emails: [jonas.weber@example.com]
    agent_ids: [10000026]
    unknown_agents: fail
  check_mode: true
"""

RETURN = r"""
msg:
  description: The RV(report.headline). If the offboarding is not complete, the reason follows.
  returned: always
  type: str
  sample: 12 tokens of 1 person revoked, and none is left; 1 person can still sign in; 3 API clients created by 1 person still exist
report:
  description:
    - The content of the JSON report. It always has every key. A value that is unknown is null.
  returned: always
  type: dict
  contains:
    schema:
      description: The version of this structure.
      returned: always
      type: int
      sample: 1
    account:
      description: The base URL of the API, null if it is not known.
      returned: always
      type: str
      sample: https://acme.zendesk.com/api/v2/chat
    dry_run:
      description: Whether the task ran in check mode.
      returned: always
      type: bool
      sample: false
    started:
      description: When the task started, in UTC.
      returned: always
      type: str
      sample: "2026-11-23T14:14:57Z"
    finished:
      description: When the task finished, in UTC.
      returned: always
      type: str
      sample: "2026-11-23T14:15:00Z"
    ansible_user:
      description:
        - Who launched the job in AWX or Automation Controller, otherwise who runs Ansible on the controller.
        - A scheduled job, or a job of a workflow, is named by its schedule or workflow, and by its id.
      returned: always
      type: str
      sample: amelie
    collection_version:
      description: The version of this collection, null if it is not known.
      returned: always
      type: str
      sample: 1.0.0
    listed:
      description: RV(zchat.admin.zchat_oauth_token_info#module:listed), null if the list of tokens was not read.
      returned: always
      type: dict
      sample: {"tokens": 21, "agents": 5, "own_only": false}
    headline:
      description:
        - The result in one sentence without a final period. It includes how many of these people can still sign in, and how many API
          clients they created.
        - RV(report.msg) has the reason of a failure. If the task did not fail and is not complete, RV(report.warnings) has the reason.
      returned: always
      type: str
      sample: 12 tokens of 1 person revoked, and none is left; 1 person can still sign in; 3 API clients created by 1 person still exist
    complete:
      description:
        - Whether every given person was found and has no token left, and the list of tokens proves both.
        - V(false) in check mode if a token would be revoked, if an address or id is unknown, if C(own_only) in RV(report.listed) is not
          V(false) and there is no RV(report.earlier_report), and after any failure. V(true) if nobody was given. API clients do not change it.
      returned: always
      type: bool
      sample: true
    own_agent_id:
      description: The id of the agent that the run authenticated as; null if it is unknown.
      returned: always
      type: int
      sample: 10000001
    earlier_report:
      description:
        - The file name of an earlier report of this account. It proves that the API lists the tokens of other agents, see O(own_only).
        - Null if C(own_only) in RV(report.listed) is V(false), and if there is no such report.
      returned: always
      type: str
    verified:
      description: RV(zchat.admin.zchat_oauth_token#module:verified). Also V(false) if nobody was given, or if an address is unknown and nobody was found.
      returned: always
      type: bool
      sample: true
    msg:
      description: Why the run failed, null if it did not.
      returned: always
      type: str
    warnings:
      description: The warnings of the run.
      returned: always
      type: list
      elements: str
      sample: []
    agents:
      description:
        - The agents that were found, those of which only tokens or API clients are left, and those that were given and may exist,
          because their lookup failed. Null if an option is not valid.
      returned: always
      type: list
      elements: dict
      contains:
        id:
          description: The id of the agent, null if it is not known.
          returned: always
          type: int
          sample: 100000204
        email:
          description: The address of the agent, null if it is not known.
          returned: always
          type: str
          sample: jonas.weber@example.com
        display_name:
          description: The name of the agent, null if it is not known.
          returned: always
          type: str
          sample: Jonas Weber
        enabled:
          description: Whether the agent can sign in to Chat, null if that is not known.
          returned: always
          type: bool
          sample: true
        clients:
          description:
            - The API clients that the agent created, whatever agents own their tokens. The task deletes none of them. A person who knows
              the secret of a confidential one can get new tokens without signing in. To delete a client, use
              M(zchat.admin.zchat_oauth_client).
            - Null if it is unknown whether the agent created API clients, because the list could not be read, or because it contains only
              those of the task's own agent.
          returned: always
          type: list
          elements: dict
          contains:
            id:
              description: The id of the API client.
              returned: always
              type: int
              sample: 9205
            name:
              description: The name of the client, as the dashboard shows it; null if the API returns none.
              returned: always
              type: str
              sample: CRM sync
            client_identifier:
              description: The identifier, as in tokens.
              returned: always
              type: str
              sample: crm-sync
            client_type:
              description: V(public) or V(confidential); null if the API returns none.
              returned: always
              type: str
              sample: confidential
            redirect_uris:
              description: Where the API redirects after a sign-in, as one string; null if the API returns none.
              returned: always
              type: str
              sample: https://crm-sync.example.com/callback
            scopes:
              description: The scopes that its tokens can have, separated by spaces; null if the API returns none.
              returned: always
              type: str
              sample: read write chat
            create_date:
              description: When the client was created, as returned by the API; null if the API returns none.
              returned: always
              type: str
              sample: "2014-09-02T09:30:00"
        tokens:
          description: The tokens of the agent, with their RV(report.agents[].tokens[].result); null if the list was not read.
          returned: always
          type: list
          elements: dict
          contains:
            id:
              description: The id of the token.
              returned: always
              type: int
              sample: 38
            client_identifier:
              description: The API client of the token.
              returned: always
              type: str
              sample: zopim
            client_name:
              description: The name of the API client, null if it is not known.
              returned: always
              type: str
              sample: Zopim dashboard
            scopes:
              description: The scopes of the token, separated by spaces.
              returned: always
              type: str
              sample: read write
            create_date:
              description: When the token was created, as returned by the API.
              returned: always
              type: str
              sample: "2014-09-09T07:49:20Z"
            expire_date:
              description: When the token expires, as returned by the API; null if it never expires.
              returned: always
              type: str
              sample: "2014-09-09T17:49:20Z"
            result:
              description: One of V(revoked), V(would be revoked) (in check mode), V(gone), V(kept), V(not revoked), V(unknown).
              returned: always
              type: str
              sample: revoked
            reason:
              description: Why the token was kept or not revoked, or why its outcome is unknown; otherwise null.
              returned: always
              type: str
    unknown_agent_emails:
      description: The addresses that no agent has, null if they were not looked up.
      returned: always
      type: list
      elements: str
      sample: []
    unknown_agent_ids:
      description: The ids that no agent has, null if they could not be looked up. Their tokens are revoked, too. An id that is also in
        RV(report.agents) is that of a deleted agent.
      returned: always
      type: list
      elements: int
      sample: []
    summary:
      description:
        - The number of agents, and of tokens by result. A number that is unknown is null.
        - Tokens whose outcome is unknown count as C(not_revoked).
      returned: always
      type: dict
      sample: {"agents": 1, "revoked": 12, "would_be_revoked": 0, "kept": 0, "gone": 0, "not_revoked": 0}
report_files:
  description: The paths of the files. The journal is last.
  returned: always
  type: list
  elements: str
  sample:
    - /home/amelie/reports/offboard-acme.zendesk.com-20261123T141457Z.json
    - /home/amelie/reports/offboard-acme.zendesk.com-20261123T141457Z.html
    - /home/amelie/reports/offboard-acme.zendesk.com-20261123T141457Z.jsonl
status:
  description: The HTTP status that caused the failure.
  returned: failure, if an HTTP response caused it
  type: int
  sample: 401
"""
