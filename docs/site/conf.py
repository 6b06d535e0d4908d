# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Configuration of Sphinx for the documentation site. The session `docs` runs antsibull-docs, which writes the pages, then Sphinx."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from docutils import nodes
from sphinx.addnodes import pending_xref

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "zchat.admin"
copyright = "2026, The zchat.admin maintainers"
title = html_title = html_short_title = "zchat.admin"

extensions = ["sphinx_antsibull_ext"]
default_role = "any"
# This page lists only the environment variables of plugins with their own documentation format, so it would be empty.
exclude_patterns = ["environment_variables.rst"]
pygments_style = "ansible"
highlight_language = "YAML+Jinja"

html_theme = "sphinx_ansible_theme"
html_theme_options = {"topbar_links": {}, "documentation_home_url": "index.html"}
html_show_sphinx = False
html_use_smartypants = False
html_use_index = False
html_copy_source = False
html_static_path = ["static"]
html_css_files = ["site.css"]

# A reference without a target is an error, except references to the pages of Ansible itself. The build reads no other site, so that
# it works without a network. These references are displayed as text.
nitpicky = True
nitpick_ignore_regex = [
    ("std:ref", r"ansible_collections\.ansible\..*|action_plugins|ansible_configuration_settings|common_return_values")
]

_SITE = Path(__file__).parent
_GUIDES = re.compile(r"\n\.\. toctree::.*?(?=\n\.\. _plugin_index_for_)", re.DOTALL)
_GUIDE = re.compile(r"(\w+)\.rst")
_TOCTREE = re.compile(r"^\.\. toctree::\n(?:    .*\n|\n)*", re.MULTILINE)


def setup(app: Sphinx) -> None:
    """Use index.rst as the front page. The page of the collection, which antsibull-docs writes, becomes collection.rst."""
    pages = Path(app.srcdir)
    collection = (pages / "index.rst").read_text("utf-8")
    if "_plugin_index_for_" in collection:  # not the front page of an earlier build
        # The front page contains the guides, and the sidebar contains every page.
        (pages / "collection.rst").write_text(_TOCTREE.sub("", _GUIDES.sub("", collection, count=1)), "utf-8")
    front = (_SITE / "index.rst").read_text("utf-8")
    (pages / "index.rst").write_text(front + "".join(_sidebar(pages)), "utf-8")
    app.connect("doctree-read", _link_guides)


def _link_guides(app: Sphinx, document: nodes.document) -> None:
    """Turn links to the source of a guide, which work where a forge displays the source, into references to its page."""
    for link in list(document.findall(nodes.reference)):
        guide = _GUIDE.fullmatch(link.get("refuri", ""))
        if guide:
            label = f"ansible_collections.zchat.admin.docsite.{guide[1]}"
            page = {"refdomain": "std", "reftype": "ref", "reftarget": label, "refexplicit": True, "refwarn": True}
            link.replace_self(pending_xref("", nodes.inline("", link.astext()), refdoc=app.env.docname, **page))


def _sidebar(pages: Path) -> Iterator[str]:
    """Yield a hidden table of contents for each group of guides, and for the generated pages."""
    sections = yaml.safe_load((_SITE.parent / "docsite" / "extra-docs.yml").read_text("utf-8"))["sections"]
    for section in sections:
        yield _toctree(section["title"], [f"docsite/{guide}" for guide in section["toctree"]])
    for kind in ("module", "role"):
        names = sorted(path.stem.removesuffix(f"_{kind}") for path in pages.glob(f"*_{kind}.rst"))
        yield _toctree(f"{kind.capitalize()}s", [f"{name} <{name}_{kind}>" for name in names])
    yield _toctree("Collection", ["All content <collection>", "Changelog <changelog>"])


def _toctree(caption: str, entries: list[str]) -> str:
    lines = "".join(f"   {entry}\n" for entry in entries)
    return f"\n.. toctree::\n   :hidden:\n   :titlesonly:\n   :caption: {caption}\n\n{lines}"
