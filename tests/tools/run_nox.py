# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run nox sessions, two at a time, and print one line for each session and a line that counts them.

Usage: python run_nox.py NOX-ARGUMENT...
Exits 1 if any session failed. A session that nox skips because its Python is not installed is no failure.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

WORDS = {"success": "ok", "skipped": "skipped"}


def main() -> int:
    report = Path("build", "nox-report.json")
    report.parent.mkdir(exist_ok=True)
    report.unlink(missing_ok=True)
    started = time.monotonic()
    command = [str(Path(sys.executable).with_name("nox")), "--parallel=2", "--allow-parallel", f"--report={report}"]
    nox = subprocess.run(
        [*command, *sys.argv[1:]],
        # With CI=true the formatter checks and rewrites nothing.
        env={"CI": "true", "NO_COLOR": "1", **os.environ},
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if not report.exists():
        print(f"nox ended with {nox.returncode} and no report", file=sys.stderr)
        return 1

    sessions = json.loads(report.read_text("utf-8"))["sessions"]
    sys.stderr.flush()
    print()
    for session in sessions:
        word = WORDS.get(session["result"], "FAILED")
        print(f"{session['signatures'][0]:<28} {word:<9} {session['duration']:>6.0f} s")
    print(f"{'all':<28} {'':<9} {time.monotonic() - started:>6.0f} s")
    passed = sum(session["result"] == "success" for session in sessions)
    failed = sum(session["result"] not in WORDS for session in sessions)
    print(f"\n{passed} passed, {failed} failed")
    return 1 if failed or nox.returncode or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
