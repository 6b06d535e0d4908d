# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The keys of the result. For its content, see test_client_deletion.py."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ansible_collections.zchat.admin.plugins.doc_fragments.client_selectors import ModuleDocFragment
from ansible_collections.zchat.admin.plugins.modules import (
    zchat_oauth_client,
    zchat_oauth_client_info,
    zchat_oauth_token,
    zchat_oauth_token_info,
)
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import Json, Reply
from ansible_collections.zchat.admin.tests.unit.support.revoking import REFUSED, account, delete_clients

DOCUMENTED = yaml.safe_load(zchat_oauth_client.RETURN)
ALWAYS = {name for name, details in DOCUMENTED.items() if details["returned"] == "always"} - {"account"}
CLIENT = yaml.safe_load(zchat_oauth_client_info.RETURN)["clients"]["contains"].keys()
TOKEN = {
    key
    for key, details in yaml.safe_load(zchat_oauth_token_info.RETURN)["tokens"]["contains"].items()
    if details["returned"] == "always"
}
NOT_REVOKED = yaml.safe_load(zchat_oauth_token.RETURN)["not_revoked"]["contains"].keys()


@pytest.mark.parametrize(
    "options", [{}, {"check_mode": True}, {"max_deletions": 0}, {"client_names": ["Automation"]}, {"ids": [99]}]
)
def test_the_result_has_the_documented_keys(options: Json):
    options = {"client_names": ["CRM sync", "Reports"], **options}
    result = delete_clients(account(client_deletes={11: REFUSED}, deletes={1: REFUSED, 2: Reply(410)}), **options)
    assert result.keys() >= ALWAYS
    assert result.keys() - DOCUMENTED.keys() <= {"changed", "failed", "warnings", "diff"}
    keys = {
        "deleted": CLIENT,
        "not_deleted": {*CLIENT, *DOCUMENTED["not_deleted"]["contains"]},
        "revoked": TOKEN,
        "gone": TOKEN,
        "not_revoked": {*TOKEN, *NOT_REVOKED},
    }
    for name, expected in keys.items():
        for entry in result[name]:
            assert entry.keys() == expected
    assert result["listed"].keys() == {"clients", "agents", "own_only"}
    assert "access0" not in str(result)
    assert "a8f3" not in str(result)


def test_a_failure_before_the_lists_has_the_documented_keys(monkeypatch: pytest.MonkeyPatch):
    given: Json = {}
    monkeypatch.setattr(zchat_oauth_client, "run_module", lambda spec, run, on_failure: given.update(on_failure))
    zchat_oauth_client.main()
    assert given.keys() >= ALWAYS - {"msg"}
    lists = ("deleted", "not_deleted", "already_gone", "revoked", "gone", "not_revoked", "unknown_client_names")
    assert [given[name] for name in (*lists, "changed", "verified", "listed")] == [*[[]] * 7, False, False, None]


def test_the_options_are_documented():
    documented: dict[str, Any] = yaml.safe_load(zchat_oauth_client.DOCUMENTATION)["options"]
    selectors = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    assert {**selectors, **documented}.keys() == zchat_oauth_client.SPEC.keys()
    for name, details in {**selectors, **documented}.items():
        compared = ("type", "elements", "aliases", "choices", "default", "required")
        spec = zchat_oauth_client.SPEC[name]
        assert {key: details.get(key) for key in compared} == {key: spec.get(key) for key in compared}, name
        assert details.get("suboptions", {}).keys() == spec.get("options", {}).keys()
