# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules that run on the managed host. Their action, in meta/runtime.yml, sees what a module cannot see."""

from __future__ import annotations

import gc
import os
import re
import shlex
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ansible.plugins.action import normal

from ansible_collections.zchat.admin.plugins.module_utils._text import plain_text

_INTERVAL = 0.5
"""Seconds between two checks."""


class ActionModule(normal.ActionModule):
    """Ansible's own action of a module, with a check before it, and advice if the module cannot start."""

    def _low_level_execute_command(self, *args: Any, **more: Any) -> Any:
        # All versions: Ansible would use the folder of the playbook, which can be that of the collection, for a relative path in an
        # option, an environment variable or the keyword environment. Another user may not be able to read the folder.
        if self._connection.transport == "local" and not self._connection.become:
            with suppress(OSError):
                more.setdefault("chdir", shlex.quote(os.getcwd()))
        return super()._low_level_execute_command(*args, **more)  # type: ignore[no-untyped-call]  # untyped in ansible-core

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module on the host."""
        if self._task.check_mode is None:
            # Rarely needed, and it imports requests, which takes longer than everything else here.
            from ansible_collections.zchat.admin.plugins.plugin_utils._action import null_check_mode  # noqa: PLC0415

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
            return _with_advice(result)
        finally:
            if enabled:
                gc.enable()


def _with_advice(result: dict[str, Any]) -> dict[str, Any]:
    """Return a result that states what to do if the module could not start. Ansible has only an exit code and a traceback then.

    Files of the collection, and of newer versions of ansible-core, are no valid syntax for an old Python, so no check in them would run.
    """
    printed = "\n".join(str(result.get(name, "")) for name in ("module_stderr", "module_stdout"))
    if re.search(r"^SyntaxError: ", printed, re.MULTILINE):
        reason = "is too old for the collection"
        advice = "Set 'ansible_python_interpreter' to a newer one"
    elif result.get("rc") == 127 and printed.strip():
        reason = f"was not found ({plain_text(printed)[:200]})"
        advice = (
            "Set 'ansible_python_interpreter' to its path (with ansible-core 2.16, a path with a space needs quotes in the value, as in "
            "\"'/opt/my python/bin/python3'\")"
        )
    else:
        return result
    msg = (
        f"The Python on the host of this task {reason}. Modules of zchat.admin require Python 3.8 or newer there. {advice}, or run the task on "
        "the controller with 'delegate_to: localhost'. Nothing was sent."
    )
    traceback = ("exception", "module_stderr", "module_stdout")
    return {**{name: value for name, value in result.items() if name not in traceback}, "failed": True, "msg": msg}


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
