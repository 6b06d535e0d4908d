# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demo account: five agents of a shop, the two tokens of the vendor's page, 19 other tokens, and seven API clients.

All of it is fictitious except for these two tokens, which the vendor publishes and which expired in 2014.
"""

from __future__ import annotations

from typing import Any

from .seed import agent_document, client_document, fake_secret, token_document

AUTOMATION_TOKEN_ID = 1100
"""The token of the automation: of an administrator, scopes ``read write``, without an expiry date."""

OWNER_ID = 10000001
COLLEAGUE_ID = 10000026
"""A disabled agent with few tokens (3): disabling an agent does not revoke its tokens."""
LEAVER_ID = 100000204
"""The departing agent of the demo, with many tokens (12), who created three API clients."""
DELETED_ID = 10000099
"""A deleted agent: the API does not return it, but still lists its tokens (2)."""
UNKNOWN_ID = 10000150
"""An agent for which the API does not return ``enabled``, with one token."""
LEAVER_EMAIL = "jonas.weber@example.com"
COLLEAGUE_EMAIL = "priya.nair@example.com"

OWNER_EMAIL = "amelie.laurent@example.com"
OWNER_PASSWORD = "not-a-real-password"

# Copied from the vendor's reference page "OAuth Tokens".
_PAGE_TOKENS: tuple[dict[str, Any], ...] = (
    {
        "access_token": "L0m2pVzxYpiVZOnzuWfGTHJjUxMicmbsEeGh4QSBqTTaScnprJNC8DusW5RwFTuo",
        "agent_id": LEAVER_ID,
        "client_identifier": "zopim",
        "create_date": "2014-09-09T07:49:20Z",
        "expire_date": "2014-09-09T17:49:20Z",
        "id": 38,
        "refresh_token": "pLZYNfA082RVrUt6ArGiKroVrN6CS9ZJ2glbty5rA1CejmSVlGPk5GjfKarDR5VS",
        "scopes": "read write",
        "token_type": "Bearer",
    },
    {
        "access_token": "L0m2pVz124sdsGTHJjUxMicmbsEeGh4QSBqTTaScnprJNC8DusW5RwFTuo",
        "agent_id": COLLEAGUE_ID,
        "client_identifier": "zendesk",
        "create_date": "2014-09-09T07:49:20Z",
        "expire_date": "2014-09-09T17:49:20Z",
        "id": 143,
        "refresh_token": "pLZYNfA082RV34sdsroVrN6CS9ZJ2glbty5rA1CejmSVlGPk5GjfKarDR5VS",
        "scopes": "read write",
        "token_type": "Bearer",
    },
)

# id, agent, client, scopes, created, expires
_OTHER_TOKENS: tuple[tuple[int, int, str, str, str, str | None], ...] = (
    (AUTOMATION_TOKEN_ID, OWNER_ID, "automation", "read write", "now-30d", None),
    (1101, OWNER_ID, "zopim", "read write chat", "now-300d", "now-299d"),
    (1102, OWNER_ID, "reporting", "read", "now-90d", "now+275d"),
    (1201, LEAVER_ID, "zopim", "read write", "now-400d", "now-399d"),
    (1202, LEAVER_ID, "zopim", "read", "now-380d", "now-379d"),
    (1203, LEAVER_ID, "zendesk", "read write chat", "now-200d", "now+165d"),
    (1204, LEAVER_ID, "crm-sync", "read write", "now-180d", None),
    (1205, LEAVER_ID, "crm-sync", "read", "now-120d", "now+245d"),
    (1206, LEAVER_ID, "mobile-app", "chat", "now-95d", "now+270d"),
    (1207, LEAVER_ID, "mobile-app", "chat", "now-60d", "now-53d"),
    (1208, LEAVER_ID, "mobile-app", "read chat", "now-35d", "now+330d"),
    (1209, LEAVER_ID, "reporting", "read", "now-21d", "now+9d"),
    (1210, LEAVER_ID, "reporting", "read", "now-14d", "now+16d"),
    (1211, LEAVER_ID, "zendesk", "read write", "now-2d", "now+5d"),
    (1301, COLLEAGUE_ID, "zendesk", "read write", "now-45d", "now+320d"),
    (1302, COLLEAGUE_ID, "mobile-app", "chat", "now-10d", "now-3d"),
    (1401, DELETED_ID, "zendesk", "read write", "now-70d", "now+295d"),
    (1402, DELETED_ID, "mobile-app", "chat", "now-20d", "now-13d"),
    (1501, UNKNOWN_ID, "reporting", "read", "now-40d", "now+325d"),
)

# The identifier of a client without tokens. It has the form of a real one.
_TEST_CLIENT = "Vq3Tz8LbN5wXr1KfYd7HsJ0mPc6GuEaQ2iR9tZoB4kSvWnDxMh"

# client identifier, creator (None: the vendor's own clients), name, company, type. The automation can get tokens for its client.
_CLIENTS: tuple[tuple[str, int | None, str, str, str], ...] = (
    ("zopim", None, "Chat dashboard", "Zendesk", "confidential"),
    ("zendesk", None, "Zendesk Support", "Zendesk", "confidential"),
    ("automation", OWNER_ID, "Offboarding automation", "Example Shop", "confidential"),
    ("reporting", COLLEAGUE_ID, "Weekly chat report", "Example Shop", "confidential"),
    ("crm-sync", LEAVER_ID, "CRM sync", "Example CRM Ltd", "confidential"),
    ("mobile-app", LEAVER_ID, "Chat for mobile devices", "Example Apps Ltd", "public"),
    (_TEST_CLIENT, LEAVER_ID, "Test export", "Example Shop", "confidential"),
)


def _client(
    client_id: int, identifier: str, agent_id: int | None, name: str, company: str, client_type: str
) -> dict[str, Any]:
    local = identifier == _TEST_CLIENT
    return client_document(
        client_id,
        agent_id,
        identifier,
        "2014-09-02T09:30:00",
        {
            "name": name,
            "company": company,
            "client_type": client_type,
            "redirect_uris": "http://localhost:8080" if local else f"https://{identifier}.example.com/callback",
            "scopes": "read write chat",
            "update_date": "2023-05-08T14:05:12",
        },
    )


def demo_seed() -> dict[str, Any]:
    """Return the demo account as a new seed document, which the caller can modify."""
    unknown = agent_document(UNKNOWN_ID, "mei.tanaka@example.com", "Mei", "Tanaka", "now-3d")
    del unknown["enabled"]
    deleted = agent_document(DELETED_ID, "tom.becker@example.com", "Tom", "Becker", "now-15d")
    # ``enabled`` is 1 or 0 on the vendor's page, and true or false in recorded responses. The demo account has both.
    return {
        "agents": [
            agent_document(OWNER_ID, OWNER_EMAIL, "Amélie", "Laurent", "now-1d", administrator=True, enabled=True),
            agent_document(COLLEAGUE_ID, COLLEAGUE_EMAIL, "Priya", "Nair", "now-120d", enabled=False),
            agent_document(LEAVER_ID, LEAVER_EMAIL, "Jonas", "Weber", "now-2d"),
            {**deleted, "deleted": True},
            unknown,
        ],
        "tokens": [dict(token) for token in _PAGE_TOKENS] + [token_document(*row) for row in _OTHER_TOKENS],
        "clients": [_client(number, *row) for number, row in enumerate(_CLIENTS, start=9201)],
        "credentials": [
            {"email": OWNER_EMAIL, "password": OWNER_PASSWORD},
            {"email": COLLEAGUE_EMAIL, "password": "not-her-real-password"},
        ],
        "access_token": fake_secret("access", AUTOMATION_TOKEN_ID),
    }
