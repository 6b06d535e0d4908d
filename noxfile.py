# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sessions of nox that antsibull-nox does not have. antsibull-nox.toml configures its own."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import antsibull_nox
import nox
from antsibull_nox.sessions.collections import prepare_collections

ROOT = Path(__file__).parent
BUILD = ROOT / "build"
# The supported ansible-core -> the Python that the session `matrix` runs it on. README.md lists them; a test compares.
CORES = {
    "2.16.19": "3.11",
    "2.17.14": "3.11",
    "2.18.19": "3.11",
    "2.19.14": "3.11",
    "2.20.10": "3.12",
    "2.21.5": "3.12",
    "2.22.0rc1": "3.13",
}
# The Pythons that modules run on (see tests/config.yml).
MANAGED_PYTHONS = ["3.8", "3.9", "3.10", "3.11", "3.12", "3.13"]
TESTS = ("flask", "hypothesis", "pytest", "pytest-cov", "pytest-timeout", "pytest-xdist", "requests", "trustme")

nox.needs_version = ">=2026.8"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"
# Use the CA certificates of the system, as pip does, and only installed Pythons.
os.environ.update(UV_SYSTEM_CERTS="1", UV_PYTHON_DOWNLOADS="never")
# pyenv's own programs run only the versions that are activated. nox and ansible-test search PATH for each version. antsibull-nox
# also needs the ansible-galaxy that is installed with it.
path = os.environ["PATH"].split(os.pathsep)
shims = [Path(folder) for folder in path if Path(folder).name == "shims"]
pythons = [str(folder) for found in shims for folder in found.parent.glob("versions/3.*/bin")]
os.environ["PATH"] = os.pathsep.join([*pythons, *path, str(Path(sys.executable).parent)])

antsibull_nox.load_antsibull_nox_toml()


def install(session: nox.Session, *packages: str) -> None:
    """Install packages in the pinned versions. antsibull-nox.toml has the same constraints."""
    session.install("-c", "requirements/sessions.txt", *packages)


def run_units(session: nox.Session, *options: str) -> None:
    """Run pytest with this checkout as ansible_collections.zchat.admin: build/tree, see pyproject.toml."""
    tree = BUILD / "tree" / "ansible_collections" / "zchat" / "admin"
    tree.parent.mkdir(parents=True, exist_ok=True)
    if not tree.is_symlink():
        tree.symlink_to("../../../..")
    session.run("pytest", *options, *(session.posargs or ["-n", "2", "tests/unit", "tests/project"]))


def install_archive(session: nox.Session) -> dict[str, str]:
    """Build the archive and install the collection from it, as users do. Return the environment variables for Ansible."""
    work = Path(session.create_tmp()).absolute()
    shutil.rmtree(work)
    session.run("ansible-galaxy", "collection", "build", "--output-path", str(work), silent=True)
    (archive,) = map(str, work.glob("*.tar.gz"))
    session.run("ansible-galaxy", "collection", "install", "--offline", "-p", str(work), archive, silent=True)
    return {"ANSIBLE_COLLECTIONS_PATH": str(work), "ANSIBLE_HOME": str(work / "home")}


def run_installed(session: nox.Session, folder: str) -> None:
    session.run("pytest", "-n", "2", *(session.posargs or [folder]), env=install_archive(session))


def ansible_test(session: nox.Session, *arguments: str) -> None:
    """Run ansible-test without a container, on a copy of the files that git has, with a home in which it finds pip.

    Each session has its own home: two that create the same virtual environment at the same time break it.
    """
    home = Path(session.create_tmp()).absolute() / "ansible-test"
    session.run("python", "tests/tools/seed_ansible_test.py", str(home), sys.executable)
    collections = prepare_collections(session, install_in_site_packages=False, install_out_of_tree=True)
    if collections:
        with session.chdir(collections.current_path):
            session.run("ansible-test", *arguments, "--requirements", "--color", "no", env={"HOME": str(home)})


@nox.session
def units(session: nox.Session) -> None:
    """Unit tests."""
    install(session, "ansible-core", *TESTS)
    run_units(session)


@nox.session
def coverage(session: nox.Session) -> None:
    """Unit tests. Together they must cover 95% of plugins/, including branches."""
    install(session, "ansible-core", *TESTS)
    run_units(session, "--cov")


@nox.session
def integration(session: nox.Session) -> None:
    """Real Ansible against the sandbox."""
    install(session, "ansible-core", "pip", "zenpy", *TESTS)
    run_installed(session, "tests/integration")


@nox.session(default=False)
def browser(session: nox.Session) -> None:
    """The reports in Debian's Chromium."""
    install(session, "ansible-core", "axe-playwright-python", "playwright", *TESTS)
    run_installed(session, "tests/browser")


@nox.session(default=False)
def engines(session: nox.Session) -> None:
    """The collection under ansible-runner, ansible-navigator, ansible-builder and ansible-rulebook, which needs Java 17."""
    install(session, "ansible-builder", "ansible-navigator", "ansible-rulebook", "ansible-runner", *TESTS)
    run_installed(session, "tests/engines")


@nox.session(default=False)
@nox.parametrize("python,core", [(python, core) for core, python in CORES.items()], ids=list(CORES))
def matrix(session: nox.Session, core: str) -> None:
    """Unit, integration and sanity tests on a supported ansible-core. Each has its own sanity rules and Pythons."""
    install(session, "pip", "zenpy", *TESTS)
    session.install(f"ansible-core=={core}")
    run_units(session)
    run_installed(session, "tests/integration")
    # The release candidate's pylint needs a download from outside the package registries.
    ansible_test(session, "sanity", "--local", *(["--skip-test", "pylint"] if "rc" in core else []))


@nox.session(default=False)
@nox.parametrize("managed", MANAGED_PYTHONS, ids=MANAGED_PYTHONS)
def managed(session: nox.Session, managed: str) -> None:
    """Unit tests on a Python that modules run on."""
    install(session, "ansible-core")
    ansible_test(session, "units", "--target-python", f"venv/{managed}", *session.posargs)


@nox.session
def sanity(session: nox.Session) -> None:
    """The sanity tests of ansible-test on one Python, without an ignore file."""
    install(session, "ansible-core")
    ansible_test(session, "sanity", "--local", *(session.posargs or ["--python", "3.11"]))


@nox.session
def spelling(session: nox.Session) -> None:
    """Spelling mistakes."""
    install(session, "codespell")
    session.run("codespell")


@nox.session
def workflows(session: nox.Session) -> None:
    """The security of the forge's workflows, without a network."""
    install(session, "zizmor")
    session.run("zizmor", "--offline", "--no-progress", "--pedantic", ".github")


@nox.session(default=False)
def docs(session: nox.Session) -> None:
    """Build the documentation site of the archive into build/docs. A warning is an error."""
    install(session, "ansible-core", "antsibull-docs", "sphinx-ansible-theme")
    environment = install_archive(session)
    home = environment["ANSIBLE_HOME"]
    pages = Path(home, "pages")
    pages.mkdir(mode=0o700, parents=True, exist_ok=True)  # antsibull-docs rejects a folder that others can write to
    session.run(
        *("antsibull-docs", "--config-file", "docs/site/antsibull-docs.cfg", "collection", "--use-current"),
        *("--squash-hierarchy", "--fail-on-error", "--cleanup", "everything", "--dest-dir", str(pages), "zchat.admin"),
        env={**environment, "HOME": home},
    )
    site, doctrees = str(BUILD / "docs"), str(pages / "doctrees")
    shutil.rmtree(site, ignore_errors=True)
    session.run("sphinx-build", "-W", "--keep-going", "-q", "-c", "docs/site", "-d", doctrees, str(pages), site)
    session.log(f"The front page of the site is {site}/index.html")


@nox.session
def changelog(session: nox.Session) -> None:
    """Check the changelog and its fragments, or run the given command, such as `release`."""
    install(session, "ansible-core", "antsibull-changelog")
    session.run("antsibull-changelog", *(session.posargs or ["lint"]))
