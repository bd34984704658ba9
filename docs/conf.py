"""How the documentation is built: ``python -m sphinx -W -b html docs docs/_build/html``. It needs no network."""

import os
import re

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # the API pages import the package, and with it TensorFlow

import numpy as np

import skrnn

project = "skrnn"
author = "The skrnn developers"
copyright = "2026, The skrnn developers"
version = release = skrnn.__version__

extensions = ["myst_parser", "numpydoc", "sphinx.ext.autosummary"]
exclude_patterns = ["_build"]
templates_path = ["_templates"]
default_role = "code"  # in docstrings, `fit` is a name
smartquotes = False
toc_object_entries_show_parents = "hide"

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

autosummary_generate = True
autosummary_context = {
    # What SciKeras, scikit-learn and NumPy's arrays bring along and no user of ours calls by name.
    "hidden_methods": ["__init__", "get_metadata_routing", "scorer", "set_output", *dir(np.ndarray)],
    "hidden_prefixes": ("set_fit_", "set_partial_fit_", "set_score_", "set_transform_", "set_inverse_transform_"),
}
numpydoc_show_class_members = False
numpydoc_attributes_as_param_list = True

html_theme = "pydata_sphinx_theme"
html_title = "skrnn"
html_static_path = ["_static"]
html_css_files = ["skrnn.css"]
html_show_sourcelink = False
html_theme_options = {
    "navbar_align": "left",
    "show_prev_next": False,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
}
html_sidebars = {"api/**": ["sidebar-nav-bs"], **{page: [] for page in ("*", "results/*", "search", "genindex")}}


def escape_names(app, what, name, obj, options, lines):
    """Let docstrings say ``n_features_in_`` and ``(n, *shape_)`` plainly, where reStructuredText sees markup."""
    for number, line in enumerate(lines):
        if line == "Examples":
            break
        parts = re.split(r"(`+[^`]*`+)", line)  # what is in backticks stays as it is
        for outside in range(0, len(parts), 2):
            parts[outside] = re.sub(r"(?<=\w)_(?!\w)|(?<=[ (])\*(?=\w+[,)])", r"\\\g<0>", parts[outside])
        lines[number] = "".join(parts)


def cut_foreign_links(app, what, name, obj, options, lines):
    """Make plain text of scikit-learn's links in what is inherited from it: their targets are in its documentation."""
    if getattr(obj, "__module__", "").startswith("sklearn"):
        lines[:] = [re.sub(r":(?:term|ref):`([^`<]*?)(?: <[^`]*>)?`", r"\1", line) for line in lines]


def setup(app):
    app.connect("autodoc-process-docstring", cut_foreign_links, priority=300)
    app.connect("autodoc-process-docstring", escape_names, priority=400)  # before numpydoc, at 500
