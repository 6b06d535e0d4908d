# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How Sphinx builds the documentation site. `make docs` makes the pages of the plugins first, and then calls Sphinx."""

from __future__ import annotations

project = "zchat.admin"
copyright = "2026, The zchat.admin maintainers"
title = html_title = html_short_title = "zchat.admin"

extensions = ["sphinx_antsibull_ext"]
default_role = "any"
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

# A reference that leads nowhere is an error, but for those to Ansible's own pages: no other site is asked while this one is
# built, so that it builds anywhere. They are shown as text.
nitpicky = True
nitpick_ignore_regex = [
    ("std:ref", r"ansible_collections\.ansible\..*|ansible_configuration_settings|common_return_values")
]
