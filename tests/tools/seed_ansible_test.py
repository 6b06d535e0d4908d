# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Create a home folder in which ansible-test finds pip, so that it does not download get-pip.py.

ansible-test installs pip in its virtual environments with get-pip.py, which it downloads from its vendor unless
~/.ansible/test/cache contains a copy. This script writes a replacement there. It runs pip from a wheel of the version that
ansible-test requires. pip downloads that wheel from the configured package index.

Usage: ``python seed_ansible_test.py HOME PIP_PYTHON``, with a Python that has ansible-test. PIP_PYTHON has pip.
"""

from __future__ import annotations

import ast
import configparser
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

GET_PIP = '''\
"""Run pip from a wheel, with the arguments of get-pip.py."""
import sys

sys.path.insert(0, {wheel!r})
from pip._internal.cli.main import main

sys.exit(main(["install"] + [arg for arg in sys.argv[1:] if arg not in ("--no-setuptools", "--no-wheel")]))
'''


def required_versions() -> list[str]:
    """Return the versions of pip that the installed ansible-test requires. Only its source contains them."""
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
    script.write_text(GET_PIP.format(wheel=str(wheel)), "utf-8")


def write_configuration(config: Path, pip: list[str]) -> None:
    """Write the settings of pip to a file. ansible-test does not pass on PIP_* variables, and uses another home folder."""
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
    for version in required_versions():
        seed(home / ".ansible" / "test" / "cache", pip, version)
    write_configuration(home / ".config" / "pip" / "pip.conf", pip)


if __name__ == "__main__":
    main()
