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
    """Return who started the job in AWX or Automation Controller, otherwise who runs Ansible on the controller."""
    user = task_vars.get("awx_user_name") or task_vars.get("tower_user_name") or environ.get("SUDO_USER")
    if user:
        return str(user)
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def collection_version(folder: Path = _COLLECTION) -> str | None:
    """Return the version of the collection: from the manifest if it is installed, from ``galaxy.yml`` in a checkout."""
    try:
        if (folder / "MANIFEST.json").exists():
            manifest = json.loads((folder / "MANIFEST.json").read_text("utf-8"))
            return str(manifest["collection_info"]["version"])
        return str(yaml.safe_load((folder / "galaxy.yml").read_text("utf-8"))["version"])
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):
        return None
