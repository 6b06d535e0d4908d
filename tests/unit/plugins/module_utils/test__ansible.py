# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The private APIs of Ansible. Most of them are shown by the tests of actions and modules."""

from __future__ import annotations

import sys
from unittest.mock import Mock

from ansible_collections.zchat.admin.plugins.module_utils._ansible import register_secrets


def test_credentials_are_registered_if_ansible_has_a_registry(monkeypatch):
    registry = Mock()
    monkeypatch.setitem(sys.modules, "ansible.module_utils.secrets", registry)
    register_secrets(["secret-token-value"])
    registry.register_secrets.assert_called_once_with(["secret-token-value"])
