# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an action prints and logs besides its result."""

from __future__ import annotations

import syslog
from collections.abc import Callable

from ansible.utils.display import Display


class Output:
    """Prints through Ansible, and writes to the system log. With ``no_log``, it does neither.

    After Ansible was stopped, nothing reads the pipe that all its processes share. A write to a full one would block forever,
    so nothing is passed to Ansible then.
    """

    def __init__(self, display: Display, no_log: bool, ansible_ends: Callable[[], bool] = lambda: False) -> None:
        self._display = display
        self._no_log = no_log
        self._ansible_ends = ansible_ends

    def show(self, text: str) -> None:
        """Print a string."""
        if not self._ansible_ends():
            self._display.display("The content is not shown because of 'no_log'." if self._no_log else text)

    def log(self, text: str) -> None:
        """Write to the system log, if there is one, and to the log file of Ansible, if there is one."""
        if self._no_log:
            return
        syslog.openlog("ansible-zchat.admin")
        syslog.syslog(syslog.LOG_INFO, text.encode("utf-8", "replace").decode())
        if not self._ansible_ends():
            self._display.display(f"zchat.admin: {text}", log_only=True)
