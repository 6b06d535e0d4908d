#!/usr/bin/python

# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file has only the documentation. The code is in plugins/action/zchat_review.py.

from __future__ import annotations

DOCUMENTATION = r"""
module: zchat_review
short_description: Review the access to Zendesk Chat, and write a report
version_added: 1.0.0
description:
  - Lists who has which OAuth tokens and who created which API clients, marks those that need a decision, and writes a report. It makes
    no changes.
  - Use this task, or the role P(zchat.admin.review#role) that consists of it, for a regular access review. To process the tokens in
    a playbook, use M(zchat.admin.zchat_oauth_token_info).
  - The task tests the report folder before any request. If the tokens cannot be listed, it still writes the report, and fails
    afterwards.
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
      - The task changes nothing in the API. It does the same in check mode, and writes the report.
  diff_mode:
    support: N/A
    details:
      - The task changes nothing in the API.
  idempotent:
    support: full
    details:
      - The task changes nothing in the API. Each run writes a new report.
options:
  report_dir:
    description:
      - The folder on the controller for the report.
      - A relative path is relative to the folder in which you started Ansible. C(~) is the home directory, and a path with C($) is an
        error. The task creates a missing folder with mode C(0700).
      - The file names are C(review-HOST-TIME), such as C(review-acme.zendesk.com-20261123T141500Z.html). If a name is taken, the
        task adds a number. It never overwrites a report. The files have mode C(0600).
      - The task writes the name and SHA-256 of each file to the system log.
    type: path
    required: true
  report_formats:
    description:
      - The formats of the report. V(json) is for programs. V(html) is a page for the person who decides. V(csv) is for a
        spreadsheet, with one row for each token.
      - The CSV file is UTF-8 with a byte order mark. Dates are UTC, such as C(2026-11-30 07:49:20). An apostrophe precedes each text that
        a spreadsheet would interpret as a formula. A review that failed has no CSV file.
    type: list
    elements: str
    choices: [json, html, csv]
    default: [json, html, csv]
  old_after:
    description:
      - The age from which a token gets the finding C(old), such as V(180d). The unit is V(s), V(m), V(h), V(d) or V(w) and is required.
    type: str
    default: 180d
  expires_within:
    description:
      - A token that expires within this time gets the finding C(expires_soon). The units are those of O(old_after).
    type: str
    default: 14d
  inactive_after:
    description:
      - The time after the last sign-in of an agent from which its tokens get the finding C(owner_inactive). The units are those of
        O(old_after). An agent for which the API returns no last sign-in gets no such finding.
    type: str
    default: 90d
notes:
  - The findings are those by the clock of the controller.
  - With C(--check), the task fails if its keyword C(check_mode) is null.
seealso:
  - module: zchat.admin.zchat_oauth_token_info
  - module: zchat.admin.zchat_oauth_client_info
"""

EXAMPLES = r"""
- name: Review the access, and write a report
  zchat.admin.zchat_review:
    report_dir: reports
  register: review

- name: Show the result and the files
  ansible.builtin.debug:
    msg: "{{ [review.msg] + review.report_files }}"

- name: Stop if the API did not show everything
  ansible.builtin.assert:
    that: review.report.complete

- name: Write only a spreadsheet, with other thresholds
  zchat.admin.zchat_review:
    report_dir: reports
    report_formats: [csv]
    old_after: 52w
    expires_within: 30d
    inactive_after: 60d
"""

RETURN = r"""
msg:
  description: The RV(report.headline). If the review is not complete, the reason follows.
  returned: always
  type: str
  sample: 21 tokens of 5 people, 7 need a decision; 2 API clients need a decision
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
      description: The result in one sentence without a final period. RV(report.msg) has the reason of a failure, and
        RV(report.warnings) that of an incomplete review.
      returned: always
      type: str
      sample: 21 tokens of 5 people, 7 need a decision; 2 API clients need a decision
    complete:
      description:
        - Whether the review shows everything. V(false) if the tokens or the agents could not be read, if the API listed only
          tokens of the task's own agent, or if it is not known whether it did. This does not fail the task. API clients that could not
          be read do not change it.
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
        - The agents that have tokens, by id; null if the tokens could not be listed.
        - An entry without an id has the tokens for which the API returns no agent.
      returned: always
      type: list
      elements: dict
      contains:
        id:
          description: The id of the agent, null if the API returns none.
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
        status:
          description:
            - One of V(enabled), V(disabled), V(missing) (the agent no longer exists) and V(unknown) (the API does not return it, or
              the agents could not be read).
          returned: always
          type: str
          sample: enabled
        last_login:
          description: When the agent last signed in, as returned by the API, null if it is not known.
          returned: always
          type: str
          sample: "2026-11-22T08:00:00Z"
        tokens:
          description: The tokens of the agent, by id.
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
              description: The API client of the token, null if the API returns none.
              returned: always
              type: str
              sample: zopim
            client_name:
              description: The name of the API client, null if it is not known.
              returned: always
              type: str
              sample: Chat dashboard
            scopes:
              description: The scopes of the token, separated by spaces; null if the API returns none.
              returned: always
              type: str
              sample: read write
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
            own:
              description: Whether the task authenticates with this token. V(false) for all tokens if the list does not identify it.
              returned: always
              type: bool
              sample: false
            findings:
              description:
                - Why the token needs a decision. Empty if it does not.
                - V(owner_missing), the agent no longer exists.
                - V(owner_disabled), the agent is disabled.
                - V(owner_inactive), the agent has not signed in for O(inactive_after).
                - V(expired), the token is past its C(expire_date).
                - V(expires_soon), it expires within O(expires_within).
                - V(never_expires), it has no C(expire_date), or one that cannot be parsed or is before the C(create_date).
                - V(old), it was created at least O(old_after) ago. A C(create_date) that cannot be parsed gives no finding.
              returned: always
              type: list
              elements: str
              sample: [expired, old]
    clients:
      description: The API clients that the API listed, by id; null if they could not be read, or if the tokens could not be listed.
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
        agent_id:
          description: The id of the agent who created the client; null if the API returns none, as for the vendor's own clients.
          returned: always
          type: int
          sample: 100000204
        tokens:
          description: The number of its listed tokens. If C(own_only) in RV(report.listed) is not V(false), there can be more.
          returned: always
          type: int
          sample: 2
        findings:
          description:
            - Why the client needs a decision. Empty if it does not.
            - V(creator_missing), the agent who created it no longer exists.
            - V(creator_disabled), this agent is disabled.
            - V(no_tokens), no token of the client is listed. Not for the vendor's own clients, and only if the API also listed tokens
              and API clients of other agents than the task's own.
          returned: always
          type: list
          elements: str
          sample: [creator_disabled]
    summary:
      description:
        - The number of tokens, of agents, of tokens with at least one finding, of tokens with each finding, and of API clients with at
          least one finding.
        - Each is null if the tokens could not be listed. C(clients_with_findings) is also null if the API clients could not be read.
      returned: always
      type: dict
      sample:
        tokens: 21
        agents: 5
        tokens_with_findings: 7
        findings:
          owner_missing: 2
          owner_disabled: 3
          owner_inactive: 0
          expired: 1
          expires_soon: 0
          never_expires: 1
          old: 1
        clients_with_findings: 2
report_files:
  description: The paths of the files.
  returned: always
  type: list
  elements: str
  sample:
    - /home/amelie/reports/review-acme.zendesk.com-20261123T141457Z.json
    - /home/amelie/reports/review-acme.zendesk.com-20261123T141457Z.html
    - /home/amelie/reports/review-acme.zendesk.com-20261123T141457Z.csv
status:
  description: The HTTP status that caused the failure.
  returned: failure, if an HTTP response caused it
  type: int
  sample: 401
"""
