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
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import OWN, MockChat

CONNECTION = {"subdomain": "acme", "access_token": OWN}


class Controller:
    """Ansible on the controller, as far as one action uses it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, action: Any) -> None:
        self._monkeypatch, self._action, self._display = monkeypatch, action, Mock()
        self.connections: list[Any] = []
        """The connections of the clients that were created."""

    @property
    def printed(self) -> list[str]:
        """What was printed. A line for the log only is not."""
        return [call.args[0] for call in self._display.display.call_args_list if not call.kwargs]

    @property
    def logged(self) -> list[str]:
        """The lines for the log only."""
        return [call.args[0] for call in self._display.display.call_args_list if call.kwargs]

    def __call__(
        self,
        chat: MockChat | None = None,
        task_vars: dict[str, Any] | None = None,
        *,
        check_mode: bool | None = False,
        environment: Any = None,
        timeout: int = 0,
        no_log: bool = False,
        **args: Any,
    ) -> dict[str, Any]:
        """Return the result of a task. With an account, it has a connection. An argument ``...`` is not set."""

        def create(connection: Any, secrets: Any, interruption: Any, _pool_size: int) -> MockChat:
            assert chat is not None
            self.connections.append(connection)
            return chat.connect(connection, secrets, interruption)

        self._monkeypatch.setattr(_task, "ChatClient", create)
        given = {**(CONNECTION if chat else {}), **args}
        task = SimpleNamespace(
            args={name: value for name, value in given.items() if value is not ...},
            check_mode=check_mode,
            environment=environment,
            async_val=0,
            action="zchat",
            timeout=timeout,
            no_log=no_log,
            tags=["always"],
        )
        templar = Mock(template=lambda value: value)
        action = self._action(task, Mock(), PlayContext(), Mock(), templar, shared_loader_obj=None)
        action._display = self._display
        result: dict[str, Any] = action.run(task_vars=task_vars or {})
        assert not result.keys() & {"invocation", "ansible_facts"}
        return result
