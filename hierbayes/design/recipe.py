"""What was learned from the data, enough to build the same columns for other data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hierbayes.design.additions import WEIGHTS, stated_beside, trials_beside, weights_of
from hierbayes.design.coding import model_matrix, with_intercept, without_intercept
from hierbayes.design.columns import Variable, evaluate, known_factor, offset_values
from hierbayes.design.frame import (
    RESPONSE,
    Table,
    formula_text,
    read_frame,
    read_table,
    uses_of,
    uses_of_all,
)
from hierbayes.design.further import (
    PredictorRecipe,
    evaluated_expressions,
    known_predictor,
    rebuilt_groups,
    used_expressions,
)
from hierbayes.design.grouped import GroupRecipe
from hierbayes.design.missing import DROP, Missing
from hierbayes.design.outside import leave_out_outside
from hierbayes.design.partial import known_beside, known_in_part
from hierbayes.design.records import Floats, GroupDesign, PredictorDesign, ResponseInfo
from hierbayes.design.response import read_response
from hierbayes.design.values import NUMBER, Factor, RawColumn, quoted, to_factor
from hierbayes.errors import DataError, StorageError, UnknownNameError
from hierbayes.formulas import parse_formula
from hierbayes.formulas.terms import Call, Expression, Formula

FORMAT = 1
NEW_LEVELS = ("error", "allow")


@dataclass(frozen=True)
class AppliedDesign:
    """The arrays of a model for other data than those it was built from.

    Attributes
    ----------
    X : float64 array, shape (n, p)
        Population columns on the user's scale, in the model's order.
    terms : tuple of str, length p
        Names of the columns of ``X``.
    groups : tuple of GroupDesign
        Group terms with the model's levels; a code of -1 is a group that the model does not know, or, where
        the row of ``Z`` is zero, a row that belongs to no group of the term.
    labels : dict of str to array of str, shape (n,)
        For each group term the label of each row's group, known or not; empty where the row belongs to
        another level of ``by`` in ``gr(g, by = sector)``.
    rows : int64 array, shape (n,)
        Positions in the new frame of the rows without missing values.
    columns : dict of str to array, shape (n,)
        The raw columns that were used.
    y, trials, weights : float64 array, shape (n,), or None
        The response, where it was asked for; its trials and weights, where the formula states any.
    part : dict of str to float64 array, shape (n,)
        With the response or beside it, what else is stated of the rows, as of `Design.row_data`.
    offset : float64 array, shape (n,), or None
        Added to the linear predictor, where the formula has an offset.
    messages : tuple of str
        Dropped rows.
    predictors : tuple of PredictorDesign
        Further linear predictors.
    """

    X: Floats
    terms: tuple[str, ...]
    groups: tuple[GroupDesign, ...]
    labels: dict[str, NDArray[np.str_]]
    rows: NDArray[np.int64]
    columns: dict[str, NDArray[Any]]
    y: Floats | None = None
    offset: Floats | None = None
    messages: tuple[str, ...] = ()
    trials: Floats | None = None
    weights: Floats | None = None
    predictors: tuple[PredictorDesign, ...] = ()
    part: dict[str, Floats] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """Number of rows used."""
        return int(self.rows.shape[0])


@dataclass(frozen=True)
class Recipe:
    """The formula and what was learned from the data for it.

    Attributes
    ----------
    formula : Formula
        The formula.
    response : ResponseInfo
        How the response was read.
    factors : dict of str to tuple of str
        Levels of each factor of the population and group-level columns, by the text of its expression.
    terms : tuple of str
        Names of the population columns.
    groups : tuple of GroupRecipe
        One per group term.
    state : mapping
        What the functions with a memory, ``scale(x)`` and others, learned from the data, by the text of the
        call.
    predictors : tuple of PredictorRecipe
        Further linear predictors.

    Examples
    --------
    >>> from hierbayes.design import build_design
    >>> from hierbayes.formulas import parse_formula
    >>> data = {"y": [1.0, 2.0, 4.0, 3.0], "x": [0.0, 1.0, 2.0, 3.0], "g": ["a", "a", "b", "b"]}
    >>> recipe = build_design(parse_formula("y ~ x + (1 | g)"), data).recipe
    >>> new = recipe.apply({"x": [5.0], "g": ["c"]}, new_levels="allow")
    >>> new.X.tolist(), new.groups[0].codes.tolist(), new.labels["g"].tolist()
    ([[1.0, 5.0]], [-1], ['c'])
    """

    formula: Formula
    response: ResponseInfo
    factors: dict[str, tuple[str, ...]]
    terms: tuple[str, ...]
    groups: tuple[GroupRecipe, ...]
    state: Mapping[str, Any] = field(default_factory=dict)
    predictors: tuple[PredictorRecipe, ...] = ()

    @property
    def formulas(self) -> tuple[Formula, ...]:
        """The model's formula, then those of its further linear predictors that have one of their own."""
        return (self.formula, *(p.formula for p in self.predictors if p.formula is not None))

    def apply(
        self,
        data: Any,
        *,
        response: bool = False,
        beside: bool = False,
        groups: bool = True,
        new_levels: str = "error",
        missing: Missing = DROP,
    ) -> AppliedDesign:
        """Build the model's columns for other data.

        Parameters
        ----------
        data : frame or mapping of columns
            With the columns that the formula names; the response only where it is asked for.
        response : bool
            Whether to read the response too.
        beside : bool
            Whether to read trials, weights, bounds and known standard errors, but not the response, as far as
            the columns that they name are there.
        groups : bool
            Whether to build the group terms; without, their columns need not be there.
        new_levels : str
            ``"error"``, or ``"allow"`` for groups that the model does not know: their code is -1.
        missing : str or mapping of str to str
            As in `build_design`, for the columns that are read here; what was said there is not remembered.

        Returns
        -------
        AppliedDesign
            Rows with a missing value in a used column are left out, and a message says so.

        Raises
        ------
        DataError
            A level or group that the model has not seen, text where the model had numbers, or missing values
            where ``missing`` allows none.
        ColumnNotFoundError
            A column does not exist.
        """
        if new_levels not in NEW_LEVELS:
            raise UnknownNameError("value of new_levels", new_levels, NEW_LEVELS)
        table, stated = self._table(data, (response, beside, groups), missing)
        terms_of_groups = self.formula.groups if groups else ()
        used = used_expressions(self.formula.population, terms_of_groups)
        variables = {str(e): self._variable(e, table) for e in used}
        X, terms = self._population(variables, table.n)
        built = rebuilt_groups(terms_of_groups, self.groups, (table, variables, new_levels))
        main = PredictorDesign(
            "", X, terms, tuple(group for group, _ in built), offset_values(self.formula, table)
        )
        how = (self._variable, new_levels, groups)
        further = [known_predictor(predictor, table, how, main) for predictor in self.predictors]
        labels = {group.name: found for group, found in built}
        for _, more in further:
            labels |= more
        return AppliedDesign(
            X=X,
            terms=terms,
            groups=main.groups,
            labels=labels,
            rows=table.rows,
            columns=raw_columns(table),
            offset=main.offset,
            messages=table.messages,
            predictors=tuple(predictor for predictor, _ in further),
            **self._left_side(table, stated, response=response),
        )

    def _table(
        self, data: Any, parts: tuple[bool, bool, bool], missing: Missing
    ) -> tuple[Table, tuple[Call, ...]]:
        """The rows, and what stands beside the response that can be read without it."""
        response, beside, groups = parts
        frame = read_frame(data)
        others = self.formulas[1:]
        stated = stated_beside(self.formula.response, list(map(str, frame.columns))) if beside else ()
        uses = (
            *uses_of_all(self.formula, others, response=response, groups=groups),
            *uses_of(stated, RESPONSE),
        )
        read = read_table(frame, uses, formula_text(self.formula), missing)
        evaluated = [
            e
            for f in (self.formula, *others)
            for e in evaluated_expressions(f.population, f.groups if groups else ())
        ]
        table = replace(read, state=self.state, learning=False)
        return leave_out_outside(evaluated, table, missing), stated

    def _population(self, variables: Mapping[str, Variable], n: int) -> tuple[Floats, tuple[str, ...]]:
        population = self.formula.population
        if not self.response.ordered:
            return model_matrix(population, variables, n)
        return without_intercept(*model_matrix(with_intercept(population), variables, n))

    def _left_side(self, table: Table, stated: Sequence[Call], *, response: bool) -> dict[str, Any]:
        """Response, trials, weights and what is known in part, as far as they are asked for."""
        if response:
            y, trials = read_response(self.formula.response, table, self.response)
            weights = weights_of(self.formula.response, table)
            part = known_in_part(self.formula.response, table, y)
            return {"y": y, "trials": trials, "weights": weights, "part": part}
        weighted = any(call.function == WEIGHTS for call in stated)
        return {
            "trials": trials_beside(stated, table),
            "weights": weights_of(self.formula.response, table) if weighted else None,
            "part": known_beside(stated, table),
        }

    def _variable(self, expression: Expression, table: Table) -> Variable:
        levels = self.factors.get(str(expression))
        if levels is not None:
            return known_factor(expression, levels, table)
        variable = evaluate(expression, table)
        if isinstance(variable, Factor):
            raise DataError(
                f"Column {variable.name!r} held numbers when the model was built, but holds labels now "
                f"({quoted(variable.levels, 4)}). Give numbers."
            )
        return variable

    def to_json(self) -> str:
        """The recipe as JSON text; `from_json` is its inverse."""
        content = {
            "format": FORMAT,
            "formula": _written(self.formula),
            "response": asdict(self.response),
            "factors": self.factors,
            "terms": self.terms,
            "groups": [asdict(group) for group in self.groups],
            "state": self.state,
            "predictors": [
                {**asdict(p), "formula": p.formula and _written(p.formula)} for p in self.predictors
            ],
        }
        return json.dumps(content, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        """Read what `to_json` wrote.

        Raises
        ------
        StorageError
            The text is something else.
        """
        try:
            raw: dict[str, Any] = json.loads(text)
            labels = raw["response"]["labels"]
            return cls(
                formula=parse_formula(raw["formula"]),
                response=ResponseInfo(
                    raw["response"]["name"],
                    None if labels is None else tuple(labels),
                    ordered=raw["response"].get("ordered", False),
                    unordered=raw["response"].get("unordered", False),
                ),
                factors={name: tuple(levels) for name, levels in raw["factors"].items()},
                terms=tuple(raw["terms"]),
                groups=_groups(raw["groups"]),
                state=raw.get("state", {}),
                predictors=tuple(
                    PredictorRecipe(
                        p["name"],
                        p["formula"] and parse_formula(p["formula"]),
                        tuple(p["terms"]),
                        _groups(p["groups"]),
                        p["label"],
                    )
                    for p in raw.get("predictors", ())
                ),
            )
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            raise StorageError(
                f"The text is not a recipe of a design ({type(error).__name__}: {error}). "
                "Give what Recipe.to_json() wrote."
            ) from error


def _written(formula: Formula) -> str:
    """A text that reads as the formula."""
    text = formula_text(formula)
    return text if parse_formula(text) == formula else str(formula)


def _groups(raw: Sequence[Mapping[str, Any]]) -> tuple[GroupRecipe, ...]:
    return tuple(
        GroupRecipe(
            g["name"],
            g["factor"],
            tuple(map(tuple, g["cells"])),
            tuple(g["terms"]),
            g.get("position", k),
            g.get("by"),
        )
        for k, g in enumerate(raw)
    )


def raw_columns(table: Table) -> dict[str, NDArray[Any]]:
    """The raw columns for pictures and reports: numbers as float64, the rest as str; read-only."""
    columns = {name: _plain(column) for name, column in table.columns.items()}
    for values in columns.values():
        values.setflags(write=False)
    return columns


def _plain(column: RawColumn) -> NDArray[Any]:
    factor = to_factor(column) if column.kind != NUMBER else None
    return column.numbers if factor is None else factor.labels
