# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sandbox under a public client of the real API: zenpy's Chat client reads its agents."""

from __future__ import annotations

from typing import Any

import requests
from requests.adapters import HTTPAdapter
from zenpy import Zenpy

from tests.sandbox import COLLEAGUE_EMAIL, LEAVER_EMAIL, LEAVER_ID, Sandbox

ACCOUNT = "https://acme.zendesk.com"


class _ToSandbox(HTTPAdapter):
    """Sends the requests for the account to a sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__()
        self._url = sandbox.url

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        assert request.url is not None
        request.url = request.url.replace(ACCOUNT, self._url, 1)
        return super().send(request, *args, **options)


def test_zenpy_reads_the_agents(sandbox: Sandbox) -> None:
    session = requests.Session()
    session.mount(ACCOUNT, _ToSandbox(sandbox))
    chats = Zenpy(subdomain="acme", oauth_token=sandbox.access_token, session=session).chats
    assert chats.agents.me().email == sandbox.email
    assert {LEAVER_EMAIL, COLLEAGUE_EMAIL} < {agent.email for agent in chats.agents()}
    assert chats.agents(email=LEAVER_EMAIL).id == LEAVER_ID
    assert {entry["status"] for entry in sandbox.state.requests} == {200}
