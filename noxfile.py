# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The nox sessions that `make` runs. Each has its own environment."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path

import antsibull_nox
import nox
from antsibull_nox.sessions.collections import prepare_collections

ROOT = Path(__file__).parent
BUILD = ROOT / "build"

# The versions of `make matrix`: ansible-core -> the Python that it runs on. README.md lists them; a test compares.
CORES = {
    "2.16.19": "3.11",
    "2.17.14": "3.11",
    "2.18.19": "3.11",
    "2.19.14": "3.11",
    "2.20.10": "3.12",
    "2.21.5": "3.12",
    "2.22.0rc1": "3.13",
}
# What `make matrix` adds if this Python is installed: the newest Python, and the development version of ansible-core.
NEWEST = {"2.21.5": "3.14", "devel": "3.14"}
DEVEL = "https://github.com/ansible/ansible/archive/devel.tar.gz"
# The Pythons that modules run on (see tests/config.yml).
MANAGED_PYTHONS = ["3.8", "3.9", "3.10", "3.11", "3.12", "3.13"]

nox.needs_version = ">=2026.8"
nox.options.reuse_venv = "yes"
nox.options.error_on_missing_interpreters = False
# Use the CA certificates of the system, as pip does, and only installed Pythons.
os.environ.setdefault("UV_SYSTEM_CERTS", "1")
os.environ.setdefault("UV_PYTHON_DOWNLOADS", "never")
# Try a download again more often than by default: one failure would fail the whole run.
os.environ.setdefault("UV_HTTP_RETRIES", "10")


def put_pythons_on_path() -> None:
    """Make pyenv's Pythons available by version. Its own shims work only for the versions that are activated."""
    path = os.environ.get("PATH", os.defpath).split(os.pathsep)
    shims = [entry for entry in path if Path(entry).name == "shims"]
    roots = [os.environ.get("PYENV_ROOT", "~/.pyenv"), *(str(Path(entry).parent) for entry in shims)]
    pythons = [str(folder) for root in roots for folder in sorted(Path(root).expanduser().glob("versions/3.*/bin"))]
    position = path.index(shims[0]) if shims else len(path)
    os.environ["PATH"] = os.pathsep.join(dict.fromkeys([*path[:position], *pythons, *path[position:]]))


put_pythons_on_path()
antsibull_nox.load_antsibull_nox_toml()


def install(session: nox.Session, *names: str, core: str | None = None) -> None:
    """Install requirements/NAME.txt for each name and this ansible-core, and compile the packages.

    If PYTHONDONTWRITEBYTECODE is set, each run of Ansible would compile them again.
    """
    files = (argument for name in names for argument in ("-r", f"requirements/{name}.txt"))
    session.install(*files, *([core] if core else []), env={"UV_COMPILE_BYTECODE": "1"})


def build_archive(session: nox.Session, folder: Path) -> Path:
    """Build the archive that users get, into this folder."""
    output = session.run(
        *("ansible-galaxy", "collection", "build", "--force", "--output-path", str(folder)),
        silent=True,
    )
    return Path(re.findall(r"\S+\.tar\.gz", str(output))[-1])


def link_source_tree() -> None:
    """Make this checkout importable as ansible_collections.zchat.admin: build/tree, see pyproject.toml."""
    tree = BUILD / "tree" / "ansible_collections" / "zchat" / "admin"
    tree.mkdir(parents=True, exist_ok=True)
    for name in ("extensions", "galaxy.yml", "meta", "plugins", "tests"):
        if not (tree / name).is_symlink():
            (tree / name).symlink_to(ROOT / name)


def run_units(session: nox.Session, *options: str) -> None:
    link_source_tree()
    session.run("pytest", *options, *(session.posargs or ["tests/unit"]))


def install_archive(session: nox.Session, folder: Path) -> None:
    """Build the archive and install the collection from it below a folder, as users do."""
    archive = build_archive(session, folder)
    session.run(
        *("ansible-galaxy", "collection", "install", "--force", "--offline", "-p", str(folder), str(archive)),
        silent=True,
    )


def run_installed(session: nox.Session, *arguments: str) -> None:
    """Run pytest with the collection installed from its archive."""
    work = Path(session.create_tmp()).absolute()
    install_archive(session, work)
    session.run(
        *("pytest", "-n", "2", *arguments),
        env={"ANSIBLE_COLLECTIONS_PATH": str(work), "ANSIBLE_HOME": str(work / "home")},
    )


@nox.session
def units(session: nox.Session) -> None:
    """Unit tests. Together they must cover 95% of plugins/, including branches. COVERAGE=no saves the time to measure it."""
    install(session, "demo", "tests")
    coverage = [] if os.environ.get("COVERAGE") == "no" else ["--cov", "--cov-report=term-missing:skip-covered"]
    run_units(session, *([] if session.posargs else ["-n", "2", *coverage]))


@nox.session
def integration(session: nox.Session) -> None:
    """Real Ansible against the sandbox."""
    install(session, "demo", "tests")
    run_installed(session, *(session.posargs or ["tests/integration"]))


@nox.session
def engines(session: nox.Session) -> None:
    """The collection under ansible-runner, ansible-navigator, ansible-builder and ansible-rulebook."""
    install(session, "engines", "tests")
    run_installed(session, *(session.posargs or ["tests/engines"]))


@nox.session(venv_backend="none")
def prose(session: nox.Session) -> None:
    """The words that the project does not use."""
    session.run("python3", "tests/tools/check_prose.py", external=True)


@nox.session
def reuse(session: nox.Session) -> None:
    """The license of each file that git has. `reuse lint` would also read what other sessions write at the same time."""
    install(session, "reuse")
    files = session.run("git", "ls-files", external=True, silent=True)
    session.run("reuse", "lint-file", *str(files).splitlines(), log=False)


@nox.session
def workflows(session: nox.Session) -> None:
    """The security of the forge's workflows, without a network."""
    install(session, "zizmor")
    session.run("zizmor", "--offline", "--no-progress", "--pedantic", ".github")


@nox.session(venv_backend="none")
def demo(session: nox.Session) -> None:
    """The demo of README.md."""
    session.run("make", "demo", external=True)


@nox.session(default=False)
@nox.parametrize(
    "python,core",
    [(python, core) for versions in (CORES, NEWEST) for core, python in versions.items()],
    ids=[*CORES, *(f"{core}-py{python}" for core, python in NEWEST.items())],
)
def matrix(session: nox.Session, core: str) -> None:
    """Unit and integration tests on every supported ansible-core."""
    package = f"ansible-core @ {DEVEL}" if core == "devel" else f"ansible-core=={core}"
    install(session, "tests", core=package)
    run_units(session)
    run_installed(session, *(session.posargs or ["tests/integration"]))


def seeded_home(session: nox.Session) -> Path:
    """Return a home in the checkout in which ansible-test finds pip.

    Each session has its own: two that create the same virtual environment at the same time break it.
    """
    home = ROOT / ".cache" / "home" / re.sub(r"[^\w.]+", "-", session.name).strip("-")
    session.run("python", "tests/tools/seed_ansible_test.py", str(home), sys.executable)
    return home


def ansible_test(session: nox.Session, *arguments: str) -> None:
    """Run ansible-test without a container, on a copy of the files that git has."""
    home = seeded_home(session)
    collections = prepare_collections(session, install_in_site_packages=False, install_out_of_tree=True)
    if collections:
        with session.chdir(collections.current_path):
            session.run("ansible-test", *arguments, "--requirements", "--color", "no", env={"HOME": str(home)})


@nox.session
def sanity(session: nox.Session) -> None:
    """ansible-test sanity on every installed Python, without an ignore file."""
    install(session, "demo")
    ansible_test(session, "sanity", "--local", *session.posargs)


@nox.session(name="sanity-matrix", default=False)
@nox.parametrize("python,core", [(python, core) for core, python in CORES.items()], ids=list(CORES))
def sanity_matrix(session: nox.Session, core: str) -> None:
    """ansible-test sanity of every supported ansible-core: each has its own rules and Pythons."""
    install(session, "tests", core=f"ansible-core=={core}")
    # The release candidate's pylint needs a download from outside the package registries.
    skipped = ["--skip-test", "pylint"] if core == "2.22.0rc1" else []
    ansible_test(session, "sanity", "--local", *skipped, *session.posargs)


@nox.session(default=False)
@nox.parametrize("python_version", MANAGED_PYTHONS, ids=MANAGED_PYTHONS)
def managed(session: nox.Session, python_version: str) -> None:
    """Unit tests on each Python that modules run on."""
    if not shutil.which(f"python{python_version}"):
        session.skip(f"Python {python_version} is not installed")
    install(session, "demo")
    ansible_test(
        session, "units", "--target-python", f"venv/{python_version}", *(session.posargs or ["tests/unit/plugins/"])
    )


@nox.session(name="ansible-test-integration", default=False)
def ansible_test_integration(session: nox.Session) -> None:
    """The targets of tests/integration under ansible-test. The session `integration` runs them, too, and checks more."""
    install(session, "demo", "tests")
    ansible_test(session, "integration", "--local", *session.posargs)


@nox.session(default=False)
def certification(session: nox.Session) -> None:
    """The checks of certified content, on the files of the archive alone. The session galaxy-importer is one more of them."""
    install(session, "demo", "ansible-lint", "reuse")
    home = seeded_home(session)
    # Outside of the checkout, because the tools search for a git repository.
    with tempfile.TemporaryDirectory() as work:
        collection = Path(work, "ansible_collections", "zchat", "admin")
        collection.mkdir(parents=True)
        with tarfile.open(build_archive(session, Path(work))) as tar:
            tar.extractall(collection, filter="data")
        with session.chdir(collection):
            found = {"ANSIBLE_COLLECTIONS_PATH": work}
            session.run("ansible-lint", "--offline", "--strict", "--profile", "production", env=found)
            session.run("reuse", "lint")
            session.run("ansible-test", "sanity", "--local", "--requirements", "--color", "no", env={"HOME": str(home)})


@nox.session(default=False)
def archive(session: nox.Session) -> None:
    """Build the archive of the release and its part of the changelog into build/release."""
    install(session, "docs")
    folder = BUILD / "release"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    build_archive(session, folder)
    changelog = str(folder / "changelog.md")
    session.run("antsibull-changelog", "generate", "--only-latest", "--output-format", "md", "--output", changelog)


@nox.session(name="galaxy-importer")
def galaxy_importer(session: nox.Session) -> None:
    """The check of Galaxy's import. A warning is an error."""
    install(session, "galaxy-importer")
    work = Path(session.create_tmp()).absolute()
    archive = build_archive(session, work)
    with tarfile.open(archive) as tar:
        session.log("The archive contains:\n" + "\n".join(sorted(m.name for m in tar if m.isfile())))
    with session.chdir(work):
        # The session ansible-lint is stricter.
        environment = {"GALAXY_IMPORTER_RUN_ANSIBLE_LINT": "false"}
        log = session.run("python", "-m", "galaxy_importer.main", archive.name, silent=True, env=environment)
    print(log, flush=True)
    if re.search(r"^(WARNING|ERROR)", log or "", re.MULTILINE):
        session.error("galaxy-importer reported a warning")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation site of the archive into build/docs. A warning is an error."""
    install(session, "sphinx")
    work = Path(session.create_tmp()).absolute()
    install_archive(session, work)
    pages = work / "pages"
    pages.mkdir(mode=0o700, exist_ok=True)  # antsibull-docs rejects a folder that others can write to
    home = work / "home"  # antsibull-docs writes a log to the home folder
    home.mkdir(exist_ok=True)
    session.run(
        *("antsibull-docs", "--config-file", "docs/site/antsibull-docs.cfg", "collection", "--use-current"),
        *("--squash-hierarchy", "--fail-on-error", "--cleanup", "everything", "--dest-dir", str(pages), "zchat.admin"),
        env={"ANSIBLE_COLLECTIONS_PATH": str(work), "ANSIBLE_HOME": str(home), "HOME": str(home)},
    )
    site = BUILD / "docs"
    shutil.rmtree(site, ignore_errors=True)
    session.run(
        *("sphinx-build", "-b", "html", "-W", "--keep-going", "-q", "-c", "docs/site"),
        *("-d", str(work / "doctrees"), str(pages), str(site)),
    )
    session.log(f"The front page of the site is {site / 'index.html'}")


@nox.session
def changelog(session: nox.Session) -> None:
    """Check the changelog and its fragments, or run the given command, such as `release`."""
    install(session, "docs")
    session.run("antsibull-changelog", *(session.posargs or ["lint"]))


if __name__ == "__main__":
    nox.main()
