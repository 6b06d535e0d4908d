#!/usr/bin/python

# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file has only the documentation. The code is in plugins/action/zchat_summary.py.

from __future__ import annotations

DOCUMENTATION = r"""
module: zchat_summary
short_description: Write the summary of all accounts of a playbook
version_added: 1.0.0
description:
  - Writes one summary of the runs for all accounts, in the folder and the formats that the variables of the role set.
  - The summary does not state that every account is done if a person must check an account (its own verdict is not green), or if
    one of the given people is in no account. If an account did not show which people it has, it is unknown who is in no account.
  - Fails if it cannot be written, or if an account was not processed.
  - Writes nothing if the folder or the formats are not valid. Prints the summary then.
  - The summary of a preflight is printed, and not written.
  - This module is private to the playbooks of this collection. It can change at any time.
author:
  - The zchat.admin maintainers (@zchat-admin)
extends_documentation_fragment:
  - zchat.admin.attributes
attributes:
  action:
    description: Runs on the controller, whatever the connection of the host is.
    support: full
  check_mode:
    support: full
    details:
      - The summary is written, marked as a dry run.
  diff_mode:
    support: N/A
    details:
      - This module changes nothing in the API.
  idempotent:
    support: N/A
    details:
      - Each run writes new files.
options:
  kind:
    description: The playbook. It is the beginning of the file names.
    type: str
    required: true
    choices: [offboard, review, preflight]
  accounts:
    description: The result of M(zchat.admin.zchat_offboard), M(zchat.admin.zchat_review) or M(zchat.admin.zchat_preflight) for each
      account, by the name of the account. An account without a result was not processed.
    type: dict
    required: true
seealso:
  - module: zchat.admin.zchat_offboard
  - module: zchat.admin.zchat_review
"""

EXAMPLES = r"""
- name: Write the summary of all accounts
  zchat.admin.zchat_summary:
    kind: offboard
    accounts: "{{ dict(ansible_play_hosts_all | zip(ansible_play_hosts_all | map('extract', hostvars, 'offboarding'))) }}"
  run_once: true
"""

RETURN = r"""
msg:
  description: The headline of the summary.
  returned: always
  type: str
  sample: 180 tokens revoked in 12 accounts, and every account is done
accounts:
  description: One line for each account and for each of its findings.
  returned: if O(kind=preflight)
  type: list
  elements: str
  sample: ["acme: ready (https://acme.zendesk.com/api/v2/chat; 21 tokens of 5 agents listed)"]
report_files:
  description: The paths of the files.
  returned: unless O(kind=preflight)
  type: list
  elements: str
  sample:
    - /home/amelie/reports/offboard-summary-20261123T141500Z.json
    - /home/amelie/reports/offboard-summary-20261123T141500Z.html
"""
