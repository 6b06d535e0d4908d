#!/usr/bin/python

# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file has only the documentation. The code is in plugins/action/zchat_preflight.py.

from __future__ import annotations

DOCUMENTATION = r"""
module: zchat_preflight
short_description: Check the connection to one account for a playbook
version_added: 1.0.0
description:
  - Runs M(zchat.admin.zchat_connection_info) on the controller. Fails if the account is not ready.
  - This module is private to the playbook C(zchat.admin.preflight). It can change at any time.
author:
  - The zchat.admin maintainers (@zchat-admin)
extends_documentation_fragment:
  - zchat.admin.attributes
  - zchat.admin.attributes.action_group
  - zchat.admin.attributes.info_module
  - zchat.admin.zchat
attributes:
  action:
    description: Runs on the controller, whatever the connection of the host is.
    support: full
options:
  expires_within:
    description: O(zchat.admin.zchat_connection_info#module:expires_within).
    type: str
seealso:
  - module: zchat.admin.zchat_connection_info
"""

EXAMPLES = r"""
- name: Check the connection in ZCHAT_SUBDOMAIN and ZCHAT_ACCESS_TOKEN
  zchat.admin.zchat_preflight:
"""

RETURN = r"""
msg:
  description: The word C(ready), or why the account is not ready.
  returned: always
  type: str
  sample: ready
ready:
  description: RV(zchat.admin.zchat_connection_info#module:ready).
  returned: always
  type: bool
  sample: true
findings:
  description: The texts of RV(zchat.admin.zchat_connection_info#module:findings), or why the account could not be checked.
  returned: always
  type: list
  elements: str
  sample: []
account:
  description: The base URL of the account; null if it is not known.
  returned: always
  type: str
  sample: https://acme.zendesk.com/api/v2/chat
listed:
  description: RV(zchat.admin.zchat_oauth_token_info#module:listed), null if the list of tokens was not read.
  returned: always
  type: dict
  sample: {"tokens": 21, "agents": 5, "own_only": false}
"""
