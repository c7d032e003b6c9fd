"""The teaching notebooks run from top to bottom, with the public API alone, and show what they ran."""

from __future__ import annotations

import re

import nbformat
import pytest

from tests.notebooks.reading import FOLDER, NOTEBOOKS, analyses, cells, execute, imported, read, solutions

ALLOWED = {"hierbayes", "numpy", "pandas", "matplotlib", "matplotlib.pyplot", "arviz", "warnings"}
ALSO = {"07_from_lme4_and_brms": {"bambi"}, "08_under_the_hood": {"pymc", "time", "scipy.stats"}}
EXPECTED = (
    "01_why_multilevel", "02_variance_and_groups", "03_contraception", "04_slopes_and_context",
    "05_binary_vpc", "06_workflow", "07_from_lme4_and_brms", "08_under_the_hood",
)  # fmt: skip
MACHINE = re.compile(r"/(?:home|root|tmp|work|usr|Users|opt|mnt)/|[A-Z]:\\")
MEGABYTE = 2**20


def outputs(name: str) -> str:
    """All that a notebook printed, as text."""
    found = []
    for cell in cells(name, "code"):
        for output in cell.outputs:
            data = output.get("data", {})
            found += [output.get("text", ""), data.get("text/plain", ""), data.get("text/html", "")]
    return "\n".join(found)


def test_all_notebooks_are_there():
    assert NOTEBOOKS == EXPECTED


@pytest.mark.notebook
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs_from_top_to_bottom(name):
    notebook = read(name)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    execute(notebook)
    assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code" and cell.source)


@pytest.mark.slow
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_folded_solutions_of_a_notebook_run(name):
    notebook = read(name)
    notebook.cells += [nbformat.v4.new_code_cell(source) for source in solutions(name)]
    execute(notebook)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_was_committed_as_it_ran(name):
    code = cells(name, "code")
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    kinds = {output.output_type for cell in code for output in cell.outputs}
    assert "error" not in kinds
    assert not [o.text for cell in code for o in cell.outputs if o.get("name") == "stderr"]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_names_no_place_of_the_machine_that_ran_it(name):
    assert not MACHINE.findall(outputs(name))


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_is_small(name):
    assert (FOLDER / f"{name}.ipynb").stat().st_size < 2 * MEGABYTE


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_imports_the_public_api_alone(name):
    assert set(imported(name)) <= ALLOWED | ALSO.get(name, set())


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_closes_with_what_was_learned_and_exercises(name):
    text = "\n".join(cell.source for cell in cells(name, "markdown"))
    assert "## What we learned" in text
    assert text.index("## What we learned") < text.index("## Exercises")
    assert solutions(name)


def table() -> list[tuple[str, str]]:
    """Rows of the README's table that name a notebook and the analysis of one of its cells."""
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    return [
        (name, analysis)
        for line in text.splitlines()
        if line.startswith("|")
        for name in re.findall(r"(\d\d_\w+)\.ipynb", line)[:1]
        for analysis in re.findall(r"`([A-D]/[^`]+)`", line)
    ]


def test_every_analysis_is_found_where_the_readme_says():
    rows = table()
    assert rows
    missing = [(name, analysis) for name, analysis in rows if analysis not in analyses(name)]
    assert not missing


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_readme_names_every_analysis_of_a_notebook(name):
    assert analyses(name) <= {analysis for row, analysis in table() if row == name}
