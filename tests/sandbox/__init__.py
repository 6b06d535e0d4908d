# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sandbox: a mock server of the Zendesk Chat API that keeps its state in memory.

Start it with ``python -m tests.sandbox`` for manual use, or with ``with Sandbox() as sandbox:`` in a test.
"""

from __future__ import annotations

from .checks import InputError
from .demo import (
    AUTOMATION_TOKEN_ID,
    COLLEAGUE_EMAIL,
    COLLEAGUE_ID,
    DELETED_ID,
    LEAVER_EMAIL,
    LEAVER_ID,
    UNKNOWN_ID,
    demo_seed,
)
from .options import Options
from .seed import fake_secret
from .server import Sandbox

__all__ = [
    "AUTOMATION_TOKEN_ID",
    "COLLEAGUE_EMAIL",
    "COLLEAGUE_ID",
    "DELETED_ID",
    "LEAVER_EMAIL",
    "LEAVER_ID",
    "UNKNOWN_ID",
    "InputError",
    "Options",
    "Sandbox",
    "demo_seed",
    "fake_secret",
]
