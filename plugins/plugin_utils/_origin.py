# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who runs Ansible, when, and with which version of the collection. Each can be unknown except the time."""

from __future__ import annotations

import json
import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import yaml

_COLLECTION = Path(__file__).parents[2]


@dataclass(frozen=True)
class Origin:
    """Where a document comes from. Dates are UTC, such as ``2026-11-23T14:15:00Z``."""

    started: str
    finished: str
    user: str | None = None
    version: str | None = None


def origin(started: str, task_vars: Mapping[str, Any]) -> Origin:
    """Return the origin of a document of a run that ends now."""
    return Origin(started, utc_now(), run_by(task_vars, os.environ), collection_version())


def utc_now() -> str:
    """Return the current time, such as ``2026-11-23T14:15:00Z``."""
    return f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"


def run_by(task_vars: Mapping[str, Any], environ: Mapping[str, str]) -> str | None:
    """Return the job of AWX or Automation Controller and who launched it, otherwise who runs Ansible on the controller.

    A schedule, a workflow or an event launches a job without a user. The user of the container stands for nobody.
    """
    job = _job(task_vars)
    if job or environ.get("SUDO_USER"):
        return job or environ["SUDO_USER"]
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _job(task_vars: Mapping[str, Any]) -> str:
    """Return the user of a job, or the job with its workflow and its schedule; empty without Controller.

    The variables are those that ``awx_meta_vars()`` of AWX sets, and that no user can override. The schedule is that of the
    job, or that of its workflow.
    """

    def value(name: str) -> Any:
        return task_vars.get(f"awx_{name}") or task_vars.get(f"tower_{name}")

    user, workflow = value("user_name"), value("workflow_job_id")
    schedule = value("schedule_name") or value("parent_job_schedule_name")
    launchers = [f"workflow '{value('workflow_job_name')}' (job {workflow})"] if workflow else []
    launchers += [f"schedule '{schedule}'"] if schedule else []
    if user and not launchers:
        return str(user)
    job = [f"job {value('job_id')}"] if value("job_id") else []
    return ", ".join([*([str(user)] if user else []), *launchers, *job])


def collection_version(folder: Path = _COLLECTION) -> str | None:
    """Return the version of the collection: from the manifest if it is installed, from ``galaxy.yml`` in a checkout."""
    try:
        if (folder / "MANIFEST.json").exists():
            manifest = json.loads((folder / "MANIFEST.json").read_text("utf-8"))
            return str(manifest["collection_info"]["version"])
        return str(yaml.safe_load((folder / "galaxy.yml").read_text("utf-8"))["version"])
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):
        return None
