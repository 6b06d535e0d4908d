# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ansible_collections.zchat.admin.plugins.module_utils._revoking.outcomes import Outcomes
from ansible_collections.zchat.admin.plugins.modules import zchat_oauth_token, zchat_oauth_token_info
from ansible_collections.zchat.admin.plugins.modules.zchat_oauth_token import RETURN, SPEC, run
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import OWN, Json, MockChat, Reply, agent, task, token

TOKENS = [token(1), token(2), token(3, access_token=OWN), token(4, agent_id=5)]
DOCUMENTED = yaml.safe_load(RETURN)
TOKEN = yaml.safe_load(zchat_oauth_token_info.RETURN)["tokens"]["contains"]


def revoke(check_mode: bool = False, **options: Any) -> Json:
    script = {"DELETE oauth/tokens/2": [Reply(422, applied=False)]}
    client = MockChat(TOKENS, agents=[agent(5, "ada@example.com")], script=script)
    return run(task(client, SPEC, {"state": "absent", **options}, check_mode))


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    "options",
    [
        {"ids": [1]},
        {"ids": [1, 2, 3, 9], "own_token": "keep", "names": True},
        {"ids": [3]},
        {"agent_emails": ["ada@example.com", "x@example.com"], "verify": False},
    ],
)
def test_the_result_has_the_documented_keys(check_mode: bool, options: Json):
    result = revoke(check_mode, **options)
    conditional = {"agents", "unknown_agent_ids", "clients"} if "names" in options else set()
    always = {name for name, details in DOCUMENTED.items() if details["returned"] == "always"} - {"account"}
    assert always | conditional <= result.keys()
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
    assert given == Outcomes().result()
    always = {name for name, details in DOCUMENTED.items() if details["returned"] == "always"} - {"account"}
    assert always <= given.keys()
    assert (given["changed"], given["verified"], given["listed"]) == (False, False, None)
