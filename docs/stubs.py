"""Stubs of what a fit, a model and ``hb.plot`` answer: ``python docs/stubs.py`` writes them.

The tables of the registry name functions of packages that whoever binds them may not import. Type checkers
and editors read the signatures in the stubs, which are copied from the sources without importing them.
"""

from __future__ import annotations

import ast
import builtins
import copy
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from hierbayes.fitted.registry import ESTIMATES, OF_MODELS, PLOTS
from hierbayes.plots.public import FUNCTIONS

ROOT = Path(__file__).parents[1]
HEAD = "# Copied from the sources by docs/stubs.py; not edited by hand.\n"

type Function = ast.FunctionDef
type Origin = tuple[str, str | None]
"""A module, and the name in it; None for the module itself."""


@dataclass(frozen=True)
class Class:
    """A class of a stub.

    Attributes
    ----------
    head : str
        Its first lines, a docstring among them.
    table : mapping
        Names of its methods, and the functions behind them.
    bound : bool
        Whether the first argument stands before the dot.
    """

    head: str
    table: Mapping[str, str]
    bound: bool = True


STUBS: dict[str, tuple[tuple[Class, ...], str]] = {
    "hierbayes/fitted/answers.pyi": (
        (
            Class('class FitAnswers:\n    """What a fit answers."""', ESTIMATES),
            Class(
                'class PlotAccessor:\n    """``fit.plot``: pictures of a fit."""\n'
                "    def __init__(self, _fit: FitAnswers) -> None: ...",
                PLOTS,
            ),
            Class('class ModelAnswers:\n    """What a model answers before it is fitted."""', OF_MODELS),
        ),
        "",
    ),
    "hierbayes/plots/public.pyi": (
        (Class('class Pictures:\n    """``hb.plot``."""', FUNCTIONS, bound=False),),
        "plot: Pictures\nFUNCTIONS: dict[str, str]",
    ),
}
"""Classes of each stub, and what stands after them."""


@dataclass
class _Names:
    """Where the names in the signatures of one stub come from."""

    origins: dict[str, Origin] = field(default_factory=dict)

    def add(self, name: str, origin: Origin) -> str:
        """What the stub calls something; two things of one name are told apart by their modules."""
        if self.origins.setdefault(name, origin) == origin:
            return name
        return self.add(f"{origin[0].rpartition('.')[2].title()}{name}", origin)

    def imports(self) -> Iterator[str]:
        for name, (module, inside) in self.origins.items():
            if inside is None:
                yield f"import {module}" + (f" as {name}" if name != module else "")
            else:
                yield f"from {module} import {inside}" + (f" as {name}" if name != inside else "")


def stub(classes: tuple[Class, ...], rest: str = "") -> str:
    """The text of a stub, formatted as the rest of the package."""
    names = _Names()
    bodies = []
    for each in classes:
        bodies.append(each.head)
        for name, target in each.table.items():
            bodies.extend(_methods(name, target, each, names))
    return _formatted("\n".join([HEAD, *names.imports(), "", *bodies, rest]))


def _methods(name: str, target: str, of: Class, names: _Names) -> Iterator[str]:
    module, _, function = target.partition(":")
    home, found = _find(module, function)
    known = _known(home)
    summary = (ast.get_docstring(found) or "").partition("\n")[0]
    signatures = _signatures(found)
    for index, each in enumerate(signatures):
        for used in _names_of(each):
            if used.id in known:
                used.id = names.add(used.id, known[used.id])
            elif not hasattr(builtins, used.id):
                raise ValueError(f"{home}: {used.id} comes from nowhere")
        if len(signatures) > 1:
            names.add("overload", ("typing", "overload"))
            yield "    @overload"
        yield f"    def {name}({_arguments(each, of, home)}) -> {ast.unparse(_returned(each))}:"
        yield f'        """{summary}"""' if index == 0 else "        ..."


def _find(module: str, function: str) -> tuple[str, Function]:
    """The module that defines a function, and its definition; the last one, where overloads precede it."""
    found = [
        node for node in _tree(module).body if isinstance(node, ast.FunctionDef) and node.name == function
    ]
    if found:
        return module, copy.deepcopy(found[-1])
    home, inside = _known(module)[function]
    return _find(home, inside or function)


@cache
def _tree(module: str) -> ast.Module:
    path = ROOT.joinpath(*module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def _known(module: str) -> dict[str, Origin]:
    """What the names at the top of a module are: imported, for type checkers too, or defined there."""
    known: dict[str, Origin] = {"Literal": ("typing", "Literal")}
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Import):
            known |= {alias.asname or alias.name: (alias.name, None) for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            known |= {alias.asname or alias.name: (node.module, alias.name) for alias in node.names}
        elif isinstance(node, ast.ClassDef):
            known[node.name] = (module, node.name)
        elif isinstance(node, ast.TypeAlias):
            known[node.name.id] = (module, node.name.id)
    return known


def _signatures(function: Function) -> list[Function]:
    """Two signatures of a function that answers with a frame or, for ``draws=True``, with draws; else one."""
    kinds = [ast.unparse(each) for each in _alternatives(_returned(function))]
    if "draws: bool" not in map(ast.unparse, function.args.kwonlyargs) or len(kinds) == 1:
        return [function]
    return [_version(function, "False", kinds[:1]), _version(function, "True", kinds[1:])]


def _alternatives(annotation: ast.expr) -> list[ast.expr]:
    if isinstance(annotation, ast.BinOp):
        return [*_alternatives(annotation.left), annotation.right]
    return [annotation]


def _version(function: Function, draws: str, kinds: list[str]) -> Function:
    """The function with ``draws`` of one value only, which must be given unless it is the default."""
    made = copy.deepcopy(function)
    at = [each.arg for each in made.args.kwonlyargs].index("draws")
    made.args.kwonlyargs[at].annotation = ast.parse(f"Literal[{draws}]", mode="eval").body
    if draws == "True":
        made.args.kw_defaults[at] = None
    made.returns = ast.parse(" | ".join(kinds), mode="eval").body
    return made


def _returned(function: Function) -> ast.expr:
    if function.returns is None:
        raise ValueError(f"{function.name} does not say what it returns")
    return function.returns


def _names_of(function: Function) -> Iterator[ast.Name]:
    """The names in the annotations, but for that of the first argument, which a fit is bound to."""
    arguments = function.args
    every = [*arguments.args[1:], *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    annotations = [each.annotation for each in every if each is not None and each.annotation is not None]
    for annotation in [*annotations, _returned(function)]:
        yield from (node for node in ast.walk(annotation) if isinstance(node, ast.Name))


def _arguments(function: Function, of: Class, home: str) -> str:
    arguments = function.args
    arguments.defaults = [_default(each, home) for each in arguments.defaults]
    arguments.kw_defaults = [None if each is None else _default(each, home) for each in arguments.kw_defaults]
    arguments.args = [ast.arg("self"), *(arguments.args[1:] if of.bound else arguments.args)]
    return ast.unparse(arguments)


def _default(given: ast.expr, module: str) -> ast.expr:
    """A default as its value, also where a constant of this or another module names it; else ``...``."""
    if not isinstance(given, ast.Name):
        plain = all(isinstance(node, ast.Constant | ast.Tuple | ast.Load) for node in ast.walk(given))
        return given if plain else ast.Constant(...)
    for node in _tree(module).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == given.id:
            return _default(node.value, module)
    home, inside = _known(module).get(given.id, (module, None))
    return _default(ast.Name(inside), home) if inside and home != module else ast.Constant(...)


def _formatted(text: str) -> str:
    for command in (["check", "--fix", "--select", "I"], ["format"]):
        asked = [sys.executable, "-m", "ruff", *command, "--quiet", "--stdin-filename", "stub.pyi", "-"]
        done = subprocess.run(asked, input=text.encode(), capture_output=True, check=True, cwd=ROOT)
        text = done.stdout.decode()
    return text


if __name__ == "__main__":
    for path, (classes, rest) in STUBS.items():
        (ROOT / path).write_text(stub(classes, rest), encoding="utf-8")
