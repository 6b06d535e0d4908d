# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Between Ansible and the work: what every module's ``main()`` does, once.

It stands apart from the modules because keeping secrets out of a result takes several steps that must not differ.
"""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.zchat.admin.plugins.module_utils.client import REQUESTS_IMPORT_ERROR, ChatClient
from ansible_collections.zchat.admin.plugins.module_utils.connection import base_url_from, connection_from
from ansible_collections.zchat.admin.plugins.module_utils.errors import ChatError
from ansible_collections.zchat.admin.plugins.module_utils.secrets import BEGINNING

_HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
"""Ansible's own words for a value that is not shown."""
GRACE = 5
"""Seconds that requests under way have to be answered once a run is interrupted."""
_SECRET_OPTIONS = ("access_token", "password", "token_values", "token_value")


def execute(
    module: AnsibleModule,
    run: Callable[[Mapping[str, Any], ChatClient, bool], dict[str, Any]],
    left_out: Collection[str] = (),
    on_failure: Mapping[str, Any] | None = None,
) -> None:
    """Hand the module's options to ``run(params, client, check_mode)`` and exit with what it returns.

    The options ``left_out`` of the task are missing from ``params``, so that null can be told from them.
    Every result names the ``account`` by its base URL, null where there is none. ``on_failure`` is what a result holds
    where the work could not begin, so that a failed task returns the same keys.
    """
    if REQUESTS_IMPORT_ERROR is not None:
        msg = f"{missing_required_lib('requests')}. The import says: {REQUESTS_IMPORT_ERROR}"
        module.fail_json(**{**(on_failure or {}), "account": None, "msg": msg})
    left_out = _really_left_out(module, left_out)
    params = {option: value for option, value in module.params.items() if option not in left_out}
    _hide_secrets(module)
    account = None
    try:
        account = base_url_from(params, os.environ)
        connection = connection_from(params, os.environ)
        if not params.get("include_secrets"):
            module.no_log_values.update(value for value in connection.secrets if len(value) >= BEGINNING)
        with interruptible() as interrupted:
            client = ChatClient(connection, params.get("concurrency", 1), module.log, interrupted)
            result = run(params, client, module.check_mode)
    except ChatError as error:
        result = {**(on_failure or {}), "failed": True, **error.result()}
    result["account"] = account
    for text in result.pop("warnings", ()):
        module.warn(text)
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)


def _really_left_out(module: AnsibleModule, left_out: Collection[str]) -> set[str]:
    """The options ``left_out`` that were not given under another name: Ansible asks for fallbacks before it sees aliases."""
    return {
        option
        for option in left_out
        if not any(alias in module.params for alias in module.argument_spec[option].get("aliases", ()))
    }


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """An event that is set once this process should end: on SIGINT, on SIGTERM, or when nobody reads its output any more.

    The last is how a module learns that Ansible was killed alone, which would leave it revoking with nobody to tell.
    What is under way may come to its end and be noted; if that takes longer than GRACE seconds, the alarm ends it.
    """
    interrupted = threading.Event()

    def interrupt(number: int, frame: FrameType | None) -> None:
        interrupted.set()
        signal.alarm(GRACE)

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    threading.Thread(target=_interrupt_when_unheard, daemon=True).start()
    try:
        yield interrupted
    finally:
        signal.alarm(0)
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt_when_unheard() -> None:
    """Wait for the other end of standard output to be closed, if ever, and pass it on as SIGINT."""
    output = select.poll()
    output.register(1, 0)  # asked for no event: errors and hang-ups are always told
    if any(event & (select.POLLERR | select.POLLHUP) for descriptor, event in output.poll()):
        os.kill(os.getpid(), signal.SIGINT)


def _hide_secrets(module: AnsibleModule) -> None:
    """Take the secrets out of what Ansible shows of the task's options, and out of what it blots out elsewhere.

    Ansible blots out the value of a secret option wherever it occurs: a short password would garble half the result, and
    with ``include_secrets`` the very value asked for would be missing. The options are hidden by name instead, every
    other text that leaves here is scrubbed by the client, and results are built of keys that hold no secret.
    """
    for option in _SECRET_OPTIONS:
        if module.params.get(option) is not None:
            module.params[option] = _HIDDEN
    for option in ("subdomain", "api_url"):
        if set("@?#").intersection(module.params.get(option) or ""):
            module.params[option] = _HIDDEN  # what is refused for carrying more than an address may carry a secret
    module.no_log_values = {
        value for value in module.no_log_values if len(value) >= BEGINNING and not module.params.get("include_secrets")
    }
