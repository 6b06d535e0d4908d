# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pwd

import pytest

from ansible_collections.zchat.admin.plugins.plugin_utils._origin import collection_version, run_by


def test_who_runs_ansible(monkeypatch):
    """The user of a job in Controller, of sudo, or of the process."""
    assert run_by({"awx_user_name": "amelie", "tower_user_name": "x"}, {"SUDO_USER": "y"}) == "amelie"
    assert run_by({"tower_user_name": "amelie"}, {"SUDO_USER": "y"}) == "amelie"
    assert run_by({}, {"SUDO_USER": "amelie"}) == "amelie"
    assert run_by({}, {}) == pwd.getpwuid(os.getuid()).pw_name
    monkeypatch.setattr(os, "getuid", lambda: 987_654_321)
    assert run_by({}, {}) == "987654321"


@pytest.mark.parametrize(
    ("files", "version"),
    [
        ({}, None),
        ({"galaxy.yml": "version: 1.2.3\n"}, "1.2.3"),
        ({"galaxy.yml": "[\n"}, None),
        ({"galaxy.yml": "version: 1.2.3\n", "MANIFEST.json": '{"collection_info": {"version": "4.5.6"}}'}, "4.5.6"),
        ({"MANIFEST.json": "{}"}, None),
    ],
)
def test_the_version_of_the_collection(files, version, tmp_path):
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    assert collection_version(tmp_path) == version


def test_this_checkout_has_a_version():
    assert str(collection_version()).count(".") == 2
