# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the actions of the controller, whose client is the real one over the mock transport."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from ansible.playbook.play_context import PlayContext

from ansible_collections.zchat.admin.plugins.module_utils import _task
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import MockChat

CONNECTION = {"subdomain": "acme", "access_token": "own-token-value"}


class Controller:
    """Ansible on the controller, as far as an action uses it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("SUBDOMAIN", "API_URL", "ACCESS_TOKEN", "EMAIL", "PASSWORD"):
            monkeypatch.delenv(f"ZCHAT_{name}", raising=False)
        self._monkeypatch = monkeypatch
        self.display = Mock()
        self.connections: list[Any] = []
        """The connections of the clients that were created."""

    def run(
        self,
        action: Any,
        chat: MockChat,
        task_vars: dict[str, Any] | None = None,
        *,
        check_mode: bool | None = False,
        environment: Any = None,
        timeout: int = 0,
        no_log: bool = False,
        **args: Any,
    ) -> dict[str, Any]:
        """Return the result of an action class for this account. An argument ``...`` is not set."""

        def create(connection: Any, _secrets: Any, interruption: Any, _pool_size: int) -> MockChat:
            self.connections.append(connection)
            chat.interruption = interruption
            interruption.wait = chat.waits.wait
            return chat

        self._monkeypatch.setattr(_task, "ChatClient", create)
        task = SimpleNamespace(
            args={name: value for name, value in {**CONNECTION, **args}.items() if value is not ...},
            check_mode=check_mode,
            environment=environment,
            async_val=0,
            action="zchat",
            timeout=timeout,
            no_log=no_log,
        )
        created = action(
            task, Mock(), PlayContext(), Mock(), Mock(template=lambda value: value), shared_loader_obj=None
        )
        created._display = self.display
        result: dict[str, Any] = created.run(task_vars=task_vars or {})
        assert not result.keys() & {"invocation", "ansible_facts"}
        return result
