# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Give ansible-test a home folder in which it finds pip, so that it need not download a bootstrap script.

ansible-test puts pip into its virtual environments with get-pip.py, which it takes from a host of its own unless
~/.ansible/test/cache holds a copy. This writes a small script there, which runs pip from a wheel of the version that
ansible-test asks for; the wheel comes through pip, so from wherever pip is configured to look.

Usage: python seed_ansible_test.py HOME PIP_PYTHON
The Python that runs this has ansible-test, PIP_PYTHON has pip.
"""

from __future__ import annotations

import ast
import configparser
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

STAND_IN = '''\
"""Run pip from a wheel, with the arguments that get-pip.py is given."""
import sys

sys.path.insert(0, {wheel!r})
from pip._internal.cli.main import main

sys.exit(main(["install"] + [arg for arg in sys.argv[1:] if arg not in ("--no-setuptools", "--no-wheel")]))
'''


def wanted_versions() -> list[str]:
    """The versions of pip that the installed ansible-test asks for. It has no other way to tell than its source."""
    spec = importlib.util.find_spec("ansible_test")
    assert spec
    assert spec.submodule_search_locations
    source = Path(spec.submodule_search_locations[0], "_internal", "python_requirements.py").read_text("utf-8")
    return re.findall(r"\bpip='([\d.]+)'", source)


def seed(cache: Path, pip: list[str], version: str) -> None:
    """Write the script for one version of pip to ansible-test's cache."""
    script = cache / f"get_pip_{version.replace('.', '_')}.py"
    if script.exists():
        return
    cache.mkdir(parents=True, exist_ok=True)
    subprocess.run([*pip, "download", "--quiet", "--no-deps", "--dest", cache, f"pip=={version}"], check=True)
    wheel = next(cache.glob(f"pip-{version}-*.whl"))
    script.write_text(STAND_IN.format(wheel=str(wheel)), "utf-8")


def hand_on_configuration(config: Path, pip: list[str]) -> None:
    """Write pip's settings to a file: ansible-test passes no PIP_* variable on, and the user's own file is out of sight."""
    listing = subprocess.run([*pip, "config", "list"], check=True, capture_output=True, text=True).stdout
    sections: dict[str, dict[str, str]] = {"global": {"quiet": "1"}, "install": {}}
    for line in listing.splitlines():
        name, value = line.split("=", 1)
        section, key = name.replace(":env:", "global").rsplit(".", 1)
        if section in sections and key != "require-virtualenv":
            sections[section][key] = ast.literal_eval(value)
    parser = configparser.RawConfigParser()
    parser.read_dict(sections)
    config.parent.mkdir(parents=True, exist_ok=True)
    with config.open("w", encoding="utf-8") as file:
        parser.write(file)


def main() -> None:
    home, pip = Path(sys.argv[1]), [sys.argv[2], "-m", "pip", "--disable-pip-version-check"]
    for version in wanted_versions():
        seed(home / ".ansible" / "test" / "cache", pip, version)
    hand_on_configuration(home / ".config" / "pip" / "pip.conf", pip)


if __name__ == "__main__":
    main()
