# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the arguments of a task to its result: the one way for modules and for actions."""

from __future__ import annotations

import platform
import sys
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ansible.module_utils.basic import missing_required_lib

from ansible_collections.zchat.admin.plugins.module_utils._api.agents import CONCURRENT_LOOKUPS
from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError, failure_of
from ansible_collections.zchat.admin.plugins.module_utils._http.client import REQUESTS_IMPORT_ERROR, ChatClient
from ansible_collections.zchat.admin.plugins.module_utils._http.connection import (
    Connection,
    base_url_from,
    connection_from,
)
from ansible_collections.zchat.admin.plugins.module_utils._http.grant import connection_with_token
from ansible_collections.zchat.admin.plugins.module_utils._http.secrets import MIN_PREFIX, Secrets, secret_forms
from ansible_collections.zchat.admin.plugins.module_utils._http.sources import Source
from ansible_collections.zchat.admin.plugins.module_utils._interruption import Interruption
from ansible_collections.zchat.admin.plugins.module_utils._revoking.run_token import end_run_token
from ansible_collections.zchat.admin.plugins.module_utils._text import sentence


@dataclass(frozen=True)
class Task:
    """One task, as the ``run()`` of a module gets it."""

    options: Mapping[str, Any]
    """The options that are set, and the defaults (see :func:`options_of`)."""
    connect: Callable[[], ChatClient]
    """Returns :attr:`client`."""
    check_mode: bool
    log: Callable[[str], None]
    """Writes a line to the system log of the host that runs the task."""

    @cached_property
    def client(self) -> ChatClient:
        """The client. Its first use requests the token of the run, so check the options before. Raises :class:`ChatError`."""
        return self.connect()


Run = typing.Callable[[Task], typing.Dict[str, Any]]
"""Does the work of a task and returns its result. Raises :class:`ChatError` if it changed nothing."""


def run_task(
    run: Run,
    arguments: Callable[[], tuple[Mapping[str, Any], Sequence[Source]]],
    *,
    check_mode: bool,
    log: Callable[[str], None],
    interruption: Interruption,
    register: Callable[[Sequence[str]], None],
    known: Sequence[str] = (),
    on_failure: Mapping[str, Any] | None = None,
    on_controller: bool = False,
) -> dict[str, Any]:
    """Return the result of a task; its key ``warnings`` is a list of messages. Raises no ``Exception``.

    ``arguments`` returns the options of the task, and the sources of the connection. ``register`` makes Ansible mask values.
    ``known`` are secrets that are known before the options are valid.
    A :class:`ChatError` has the keys of ``on_failure``, so that a failure returns the same keys as a success. ``account`` (the base URL, or
    null) is added to every result. ``on_controller``: the task always runs in Ansible's own process.
    """
    result: dict[str, Any] = {"account": None}
    secrets = Secrets(known)
    warnings: list[str] = []
    try:
        if REQUESTS_IMPORT_ERROR is not None:
            raise ChatError(_missing_library(REQUESTS_IMPORT_ERROR, on_controller))
        options, sources = arguments()
        result["account"] = base_url_from(sources)
        connection = connection_from(sources)
        show_secrets = options.get("include_secrets", False)
        given_values = [form for value in options.get("token_values", ()) for form in secret_forms(value.strip())]

        def client_of(connection: Connection) -> ChatClient:
            nonlocal secrets
            # With include_secrets, a result can contain the token of the task, but never one that only this run uses.
            if not show_secrets or connection.client is not None:
                register([value for value in connection.secrets if len(value) >= MIN_PREFIX])
            pool_size = options.get("concurrency", CONCURRENT_LOOKUPS)
            client = ChatClient(connection, Secrets([*connection.secrets, *given_values]), interruption, pool_size)
            secrets = client.secrets
            if not show_secrets:
                # It can be in a name, also if no list shows it.
                secrets.add_listed([connection.access_token])
            return client

        client = client_of(connection)
        with_run_token: ChatClient | None = None

        def connect() -> ChatClient:
            nonlocal with_run_token
            if connection.client is None:
                return client
            # Another client, because the secrets of the first one lack the token.
            with_run_token = client_of(connection_with_token(client, connection.client))
            return with_run_token

        try:
            result.update(run(Task(options, connect, check_mode, lambda text: log(secrets.mask_long(text)))))
        finally:
            if with_run_token is not None:
                warnings = end_run_token(with_run_token)
                # If Ansible was stopped, nobody reads the result.
                for text in warnings:
                    log(secrets.mask_long(text))
    except Exception as error:  # noqa: BLE001 - a traceback can contain secrets
        failure = failure_of(error)
        status = {} if failure.status is None else {"status": failure.status}
        # After an unexpected exception, it is not known that nothing was changed.
        unchanged = (on_failure or {}) if isinstance(error, ChatError) else {}
        result.update({**unchanged, "failed": True, "msg": secrets.mask_beginnings(failure.msg), **status})
    if warnings:
        result["warnings"] = [*result.get("warnings", ()), *warnings]
    shown: dict[str, Any] = secrets.without_listed(result)
    return shown


def _missing_library(reason: str, on_controller: bool) -> str:
    """Return the message about a library that cannot be imported, for the Python that runs the task."""
    if on_controller:
        return (
            f"Failed to import the required Python library (requests) on {platform.node()}'s Python {sys.executable}, which runs Ansible. "
            f"Install or repair it for this Python. The import failed with: {sentence(reason)}"
        )
    return (
        f"{missing_required_lib('requests')}. Or run the task on the controller, with 'delegate_to: localhost', if Ansible's Python has "
        f"the library. The import failed with: {sentence(reason)}"
    )
