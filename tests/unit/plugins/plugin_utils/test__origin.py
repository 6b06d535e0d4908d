# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pwd

import pytest

from ansible_collections.zchat.admin.plugins.plugin_utils._origin import collection_version, run_by

WORKFLOW = {"workflow_job_id": 41, "workflow_job_name": "Offboard"}


@pytest.mark.parametrize(
    ("variables", "environ", "expected"),
    [
        ({"job_id": 42, "user_name": "amelie"}, {"SUDO_USER": "y"}, "amelie"),
        # A job without a user is never signed with the user of the container. As awx_meta_vars() of AWX sets the variables.
        (
            {"job_id": 42, "job_launch_type": "scheduled", "schedule_id": 7, "schedule_name": "Nightly"},
            {},
            "schedule 'Nightly', job 42",
        ),
        ({"job_id": 42, "job_launch_type": "workflow", **WORKFLOW}, {}, "workflow 'Offboard' (job 41), job 42"),
        (
            {"job_id": 42, **WORKFLOW, "parent_job_schedule_id": 7, "parent_job_schedule_name": "Nightly"},
            {},
            "workflow 'Offboard' (job 41), schedule 'Nightly', job 42",
        ),
        ({"job_id": 42, **WORKFLOW, "user_name": "amelie"}, {}, "amelie, workflow 'Offboard' (job 41), job 42"),
        ({"job_id": 42, "job_launch_type": "callback"}, {"SUDO_USER": "y"}, "job 42"),
        ({}, {"SUDO_USER": "amelie"}, "amelie"),
        ({}, {}, pwd.getpwuid(os.getuid()).pw_name),
    ],
)
@pytest.mark.parametrize("product", ["awx", "tower"])
def test_who_runs_ansible(product, variables, environ, expected):
    """The job in Controller, its user, the user of sudo, or of the process."""
    assert run_by({f"{product}_{name}": value for name, value in variables.items()}, environ) == expected


def test_a_user_without_a_name(monkeypatch):
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
