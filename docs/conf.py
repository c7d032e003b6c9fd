"""The documentation as a site: ``uv run --group docs sphinx-build docs docs/site``."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from reference import write_reference  # noqa: E402

import hierbayes  # noqa: E402

project = "hierbayes"
author = "The hierbayes founders"
release = hierbayes.__version__
extensions = ["myst_nb", "sphinx.ext.napoleon", "sphinx.ext.mathjax"]
exclude_patterns = ["site", "made/notebooks/README.md"]
root_doc = "index"

html_theme = "furo"
html_title = "hierbayes"
html_theme_options = {"source_repository": "", "navigation_with_keys": True}

nb_execution_mode = "off"
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
# Links of the README go to files of the checkout, which the site does not hold.
suppress_warnings = ["myst.xref_missing", "myst.header"]
napoleon_google_docstring = False
napoleon_use_rtype = False
templates_path: list[str] = []

MADE = HERE / "made"
shutil.rmtree(MADE, ignore_errors=True)
MADE.mkdir()
shutil.copytree(
    HERE.parent / "notebooks", MADE / "notebooks", ignore=shutil.ignore_patterns(".ipynb_checkpoints")
)
write_reference(MADE / "reference")
