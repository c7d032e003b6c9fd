"""The notebooks as they are committed, and how they are executed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = tuple(path.stem for path in sorted(FOLDER.glob("[0-9]*.ipynb")))
_SOLUTION = re.compile(r"<details>.*?</details>", re.DOTALL)
_CODE = re.compile(r"```python\n(.*?)```", re.DOTALL)


def read(name: str) -> nbformat.NotebookNode:
    """A notebook by its stem, validated."""
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    nbformat.validate(notebook)
    return notebook


def cells(name: str, kind: str) -> list[nbformat.NotebookNode]:
    """Its cells of one kind, ``code`` or ``markdown``."""
    return [cell for cell in read(name).cells if cell.cell_type == kind]


def imported(name: str) -> Iterator[str]:
    """Every module that its code imports, folded solutions included."""
    for source in [*(cell.source for cell in cells(name, "code")), *solutions(name)]:
        plain = "\n".join(line for line in source.splitlines() if not line.lstrip().startswith(("%", "!")))
        for node in ast.walk(ast.parse(plain)):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield node.module or ""


def solutions(name: str) -> list[str]:
    """The code of its folded solutions, in order."""
    folded = "\n".join(fold for cell in cells(name, "markdown") for fold in _SOLUTION.findall(cell.source))
    return _CODE.findall(folded)


def analyses(name: str) -> set[str]:
    """The analyses that its cells say they hold."""
    found = (cell.metadata.get("hierbayes", {}).get("analysis", "") for cell in read(name).cells)
    return {each for each in found if each}


def execute(notebook: nbformat.NotebookNode) -> None:
    """Run all cells top to bottom in a fresh kernel of this Python; an error of a cell is raised here."""
    NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": FOLDER}}
    ).execute()
