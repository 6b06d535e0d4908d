# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The keys of the result. For its content, see the tests of _revoking."""

from __future__ import annotations

import pytest
import yaml

from ansible_collections.zchat.admin.plugins.modules import zchat_oauth_token, zchat_oauth_token_info
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import Json, Reply
from ansible_collections.zchat.admin.tests.unit.support.revoking import ALL, REFUSED, chat, revoke

DOCUMENTED = yaml.safe_load(zchat_oauth_token.RETURN)
ALWAYS = {name for name, details in DOCUMENTED.items() if details["returned"] == "always"} - {"account"}
TOKEN = yaml.safe_load(zchat_oauth_token_info.RETURN)["tokens"]["contains"]


@pytest.mark.parametrize(
    "options",
    [{**ALL, "own_token": "keep", "names": True}, {"ids": [9]}, {"token_values": ["leaked-value"], "check_mode": True}],
)
def test_the_result_has_the_documented_keys(options: Json):
    result = revoke(chat(deletes={2: REFUSED, 3: Reply(410)}), **options)
    conditional = {"agents", "unknown_agent_ids", "clients"} if "names" in options else set()
    conditional |= {"values_dead"} if "token_values" in options else set()
    assert ALWAYS | conditional <= result.keys()
    assert result.keys() - DOCUMENTED.keys() <= {"changed", "failed", "warnings", "diff"}
    keys = {key for key, details in TOKEN.items() if details["returned"] == "always"}
    for name in ("revoked", "kept", "gone", "not_revoked"):
        for entry in result[name]:
            assert entry.keys() == keys | DOCUMENTED[name].get("contains", {}).keys()
    assert "access0" not in str(result)


def test_a_failure_before_the_first_list_has_the_documented_keys(monkeypatch: pytest.MonkeyPatch):
    given: Json = {}
    monkeypatch.setattr(zchat_oauth_token, "run_module", lambda spec, run, on_failure: given.update(on_failure))
    zchat_oauth_token.main()
    assert given.keys() >= ALWAYS
    lists = ("revoked", "kept", "gone", "not_revoked", "already_absent")
    assert [given[name] for name in (*lists, "changed", "verified", "listed")] == [*[[]] * 5, False, False, None]
