# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module of the same name runs on the managed host. Its action rejects what a module cannot see."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ansible_collections.zchat.admin.plugins.plugin_utils._action import ModuleAction, null_check_mode

_INTERVAL = 0.5
"""Seconds between two checks."""


class ActionModule(ModuleAction):
    """Ansible's own action of a module, with a check before it."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module on the host."""
        reason = null_check_mode(self._task, task_vars or {})
        if reason:
            return {"failed": True, "changed": False, "msg": reason}
        # While Ansible packs the module, garbage collection searches all objects of the main process several times, which
        # takes up to a third of the time and frees little: see docs/benchmark.md.
        enabled = gc.isenabled()
        gc.disable()
        try:
            with _end_with_ansible():
                result: dict[str, Any] = super().run(tmp, task_vars)  # type: ignore[no-untyped-call]  # untyped in ansible-core
            return result
        finally:
            if enabled:
                gc.enable()


@contextmanager
def _end_with_ansible() -> Iterator[None]:
    """End this process if the main process of Ansible ends. A local module then notices that nobody reads its result.

    The thread takes no signals. The handler of one that it took would run only when the main thread, which waits for the module,
    continues: the DELETE requests would go on after Ctrl-C.
    """
    ansible, ended = os.getppid(), threading.Event()

    def watch() -> None:
        while not ended.wait(_INTERVAL):
            if os.getppid() != ansible:
                os._exit(1)

    mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    threading.Thread(target=watch, daemon=True).start()
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    try:
        yield
    finally:
        ended.set()
