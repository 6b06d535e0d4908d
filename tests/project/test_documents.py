# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documents in docs/ that name files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from ansible_collections.zchat.admin.plugins.module_utils._http.sources import CONNECTION_OPTIONS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
NO_IGNORE_FILE = "tests/sanity/ignore-*.txt"
CHECKLIST = (DOCS / "collection_requirements.md").read_text("utf-8")


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`([\w*/-]*[./][\w*./-]*)`", CHECKLIST)) - {NO_IGNORE_FILE}))
def test_the_files_of_the_checklist_exist(path):
    assert list(ROOT.glob(path.rstrip("/")))


def test_there_is_no_ignore_file():
    assert NO_IGNORE_FILE in CHECKLIST
    assert not list(ROOT.glob(NO_IGNORE_FILE))


def test_the_sessions_of_the_checklist_exist():
    source = (ROOT / "noxfile.py").read_text("utf-8") + (ROOT / "antsibull-nox.toml").read_text("utf-8")
    sessions = re.findall(r"the sessions? (`[^;|]*)", CHECKLIST)
    names = set(re.findall(r"`([a-z-]+)`", " ".join(sessions)))
    assert names
    for name in names - {"devel", "build_ignore", "no-log-needed"}:
        assert re.search(
            rf"^def {name}\(|name=\"{name}\"|^\[sessions\.{name.replace('-', '_')}\]", source, re.MULTILINE
        )


def test_the_list_of_guides_is_complete():
    """Automation Hub shows docs/*.md, but not the guides themselves."""
    sections = yaml.safe_load((DOCS / "docsite" / "extra-docs.yml").read_text("utf-8"))["sections"]
    expected = []
    for section in sections:
        expected.append(section["title"])
        for guide in section["toctree"]:
            source = (DOCS / "docsite" / "rst" / f"{guide}.rst").read_text("utf-8")
            title = re.search(r"^(.+)\n=+$", source, re.MULTILINE).group(1)
            expected.append((title, guide))
    listed = re.findall(
        r"^\*\*(.+)\*\*$|^- \[(.+)\]\(https://\S+/(\w+)\.rst\)$", (DOCS / "guides.md").read_text("utf-8"), re.MULTILINE
    )
    assert [heading or (title, guide) for heading, title, guide in listed] == expected


def test_the_guides_link_each_other_by_file_name():
    """A forge displays the source of a guide, and renders no `:ref:`. docs/site/conf.py makes these links references."""
    sources = {path.name: path.read_text("utf-8") for path in (DOCS / "docsite" / "rst").glob("*.rst")}
    linked = set()
    for name, source in sources.items():
        assert ":ref:" not in source, name
        for title, target in re.findall(r"`([^`<]+)\s<([^:>]+)>`__", source):
            assert f"\n{' '.join(title.split())}\n===" in sources[target], (name, target)
            linked.add(target)
    assert linked


def test_each_connection_option_has_its_environment_variable():
    page = (DOCS / "docsite" / "rst" / "environment_variables.rst").read_text("utf-8")
    config = yaml.safe_load((DOCS / "docsite" / "config.yml").read_text("utf-8"))
    names = [f"ZCHAT_{option.upper()}" for option in CONNECTION_OPTIONS]
    assert re.findall(r"^\.\. envvar:: (\w+)$", page, re.MULTILINE) == config["envvar_directives"] == names


def test_each_promise_names_tests_that_exist():
    tests = {path: path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py")}
    named = re.findall(r"`([\w/]*test_\w+\.py)(?:::(\w+))?", (ROOT / "tests" / "promises.md").read_text("utf-8"))
    assert named
    for file, test in named:
        (source,) = (text for path, text in tests.items() if path.as_posix().endswith(f"/{file}"))
        assert not test or f"def {test}(" in source, test
