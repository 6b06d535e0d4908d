# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.zchat.admin.plugins.plugin_utils._preflight import preflight_headline, preflight_lines

ACCOUNT = "https://acme.zendesk.com/api/v2/chat"
READY = {"account": ACCOUNT, "ready": True, "findings": [], "listed": {"tokens": 21, "agents": 5}}


def test_one_line_for_each_account_and_each_finding():
    checks = {
        "acme": READY,
        "shop": {**READY, "findings": ["The token expires within 14 days."]},
        "outlet": {"account": ACCOUNT, "ready": False, "findings": ["HTTP 401."], "listed": None},
        # A template failed, or the account was not processed.
        "broken": {"failed": True, "msg": "'vault' is undefined"},
        "unknown": {},
    }
    assert preflight_lines(checks) == [
        f"acme: ready ({ACCOUNT}; 21 tokens of 5 agents listed)",
        f"shop: ready ({ACCOUNT}; 21 tokens of 5 agents listed)",
        "- The token expires within 14 days.",
        f"outlet: NOT READY ({ACCOUNT})",
        "- HTTP 401.",
        "broken: NOT READY (account not known)",
        "- 'vault' is undefined",
        "unknown: NOT READY (account not known)",
        "- It was not processed.",
    ]
    assert preflight_headline(checks) == "NOT READY: 3 of 5 accounts (outlet, broken, unknown)"
    assert preflight_headline({"acme": READY}) == "1 account ready"
