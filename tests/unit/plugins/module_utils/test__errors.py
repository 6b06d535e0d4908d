# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the response to the message: what happened, at which URL, and what to do."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import OWN, UNAUTHORIZED, MockChat, Reply
from ansible_collections.zchat.admin.tests.unit.support.revoking import HTML

URL = "https://acme.zendesk.com/api/v2/chat/oauth/tokens"
TOKEN, LOGIN = "access token in 'access_token'", "email address and password in 'email' and 'password'"
ELSEWHERE = {"Location": "https://ada:pw@elsewhere.example.com/x?token=y"}
FORBIDDEN = "refused access to", "An Administrator is required. The API returned: Forbidden: "
NO_API = f"There is no Chat API at {URL} (HTTP 404). Check 'subdomain'."
REDIRECT = f"{URL} redirects to https://elsewhere.example.com/x (HTTP 301). The collection follows no redirects."
MISSING = f"The {TOKEN} lacks the scope 'write', required at {URL} (HTTP 403)."
WEB_PAGE = f"{URL} did not return JSON: it is a web page. Check 'subdomain'."
NOT_JSON = f"{URL} did not return JSON: it is not valid JSON. Check 'subdomain'."


def forbidden(text: str) -> Reply:
    return Reply(403, {"error": "Forbidden", "description": text})


def error(reply: Reply, **account: Any) -> ChatError:
    with pytest.raises(ChatError) as caught:
        MockChat(script={"GET oauth/tokens": [reply]}, **account).get("oauth/tokens")
    return caught.value


@pytest.mark.parametrize(
    ("reply", "parts"),
    [
        (Reply(400, {"error": "Bad id"}), [f"The API returned HTTP 400 at {URL}. The API returned: Bad id."]),
        (Reply(428, b"\xff\xfe\x00"), ["HTTP 428"]),
        (Reply(500), [f"The API returned HTTP 500 at {URL}. It gave no reason."]),
        (Reply(401, {"error": "or your browser"}), [f"rejected the {TOKEN} (HTTP 401)", "expired or revoked"]),
        (Reply(404, b"<p>No help &amp; desk"), [f"{NO_API} The server returned: No help & desk."]),
        (Reply(301, headers=ELSEWHERE), [REDIRECT, "Check 'subdomain'."]),
        (Reply(302), ["The API returned HTTP 302"]),
        (Reply(304, headers=ELSEWHERE), ["The API returned HTTP 304"]),
        (forbidden("No"), [*FORBIDDEN, f"with the {TOKEN} (HTTP 403)"]),
        (forbidden("required scopes: writer"), FORBIDDEN),
        *(
            (
                Reply(status, body),
                [f"Access to {URL} was refused (HTTP {status}).", "a firewall, a proxy or an IP restriction"],
            )
            for status in (401, 403, 407)
            for body in (b"", HTML, {"message": "Unauthorized"}, b"required scopes: write", {"error": {"title": "No"}})
        ),
        (Reply(403, {"error": {"title": "No"}}), ["that an Administrator is required. The server returned: No."]),
        (forbidden("You are missing the following required scopes: write"), [MISSING]),
        (forbidden("required scopes: read, write, chat"), ["lacks the scopes 'read', 'write' and 'chat',"]),
        (forbidden("Required scope: CHAT."), ["the scope 'chat',"]),
        (Reply(404, {"error": "required scopes: write"}), [NO_API]),
        (Reply(200, b" <!DOCTYPE html><p>Log in</p>"), [WEB_PAGE]),
        (Reply(200, b"Log in", {"Content-Type": "text/html"}), [WEB_PAGE]),
        *((Reply(200, body), [NOT_JSON]) for body in (b"[1, 2", b"", b"[NaN]", b"[" * 100_000, b"\xff\xfe\xfa")),
    ],
)
def test_a_message_states_the_cause_the_url_and_what_to_do(reply, parts):
    found = error(reply)
    assert found.status == reply.status
    for part in parts:
        assert part in found.msg
    assert found.failure.affects_all is (reply.status == 401 or "the scope" in found.msg)
    assert OWN not in found.msg


def test_a_message_names_an_email_address_and_a_password():
    advice = "Check both. Only stand-alone Chat accounts"
    assert f"rejected the {LOGIN} (HTTP 401). {advice}" in error(Reply(401, UNAUTHORIZED), own=None).msg
    assert f"{LOGIN} lack the scope 'write'" in error(forbidden("required scopes: write"), own=None).msg
