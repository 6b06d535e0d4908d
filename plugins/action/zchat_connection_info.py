# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module of the same name runs on the managed host."""

from __future__ import annotations

from ansible_collections.zchat.admin.plugins.plugin_utils._action import ModuleAction


class ActionModule(ModuleAction):
    """Ansible's own action of a module, in the folder in which the user started Ansible."""
