# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings of Hypothesis: new examples for a person, always the same ones in CI. Nothing of this host affects a test: no environment
variable, and no signal that it ignores, as a job in the background does.
"""

from __future__ import annotations

import os
import re
import signal

from hypothesis import settings

settings.register_profile("person", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "person")

for _name in filter(
    re.compile("ZCHAT_.*|(REQUESTS|CURL)_CA_BUNDLE|.*_proxy|NETRC", re.IGNORECASE).fullmatch, [*os.environ]
):
    del os.environ[_name]

signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
