"""IDs of group terms, ``(1 |c| school)``: which terms they join, and what they cannot join."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from hierbayes import names
from hierbayes.design.frame import formula_text
from hierbayes.design.records import PredictorDesign
from hierbayes.errors import DataError, FormulaError
from hierbayes.formulas.terms import Formula, GroupTerm


def check_shared(formulas: Mapping[str, Formula], columns: Collection[str], *, categories: bool) -> None:
    """Refuse an ID that stands before different grouping factors, and a column that is read as an ID.

    Parameters
    ----------
    formulas : mapping of str to Formula
        Of the response, under ``""``, and of the family's parameters.
    columns : collection of str
        Names of the columns of the data.
    categories : bool
        Whether each category of the response has the group terms of its formula.

    Raises
    ------
    FormulaError
        With a caret under the second factor, or the group term.
    """
    terms = [(formula, group) for formula in formulas.values() for group in formula.groups if group.shared]
    counts = Counter(group.shared for _, group in terms)
    for formula, group in terms:
        if group.shared in columns and counts[group.shared] == 1 and not categories:
            left = " + ".join(map(str, group.terms))
            raise FormulaError(
                f"{group.shared} stands between two bars, as the ID of correlated group terms does, but it "
                "is a column, and no other group term has this ID.",
                formula_text(formula),
                group.span,
                f"For effects over both write `({left} | {group.shared}) + ({left} | {group.factor_name})`.",
            )
    first: dict[str, tuple[str, GroupTerm]] = {}
    for predictor, formula in formulas.items():
        for group in formula.groups:
            before, other = first.setdefault(group.shared, (predictor, group))
            if group.shared and group.factor_name != other.factor_name:
                where = f"the formula of {before}" if before else "the response's formula"
                raise FormulaError(
                    f"The ID {group.shared} joins groups of {group.factor_name} with groups of "
                    f"{other.factor_name}, in {where}.",
                    formula_text(formula),
                    group.factor_span,
                    "Effects correlate over the same groups: use one factor, or another ID.",
                )


def settle_shared(linear: Sequence[PredictorDesign]) -> tuple[tuple[PredictorDesign, ...], tuple[str, ...]]:
    """Drop the IDs of group terms that have no partner; say so.

    Parameters
    ----------
    linear : sequence of PredictorDesign
        All linear predictors, the main one first.

    Returns
    -------
    tuple of PredictorDesign, tuple of str
        The same, and messages.

    Raises
    ------
    DataError
        If the name of a joint group term, or of one of a further predictor, is that of another one, or the
        levels of a factor would be called like a variable.
    """
    groups = [group for predictor in linear for group in predictor.groups]
    repeated = [name for name, times in Counter(group.name for group in groups).items() if times > 1]
    if repeated:
        raise DataError(
            f"Two group terms would be called {repeated[0]!r}: that of the column, and that of a further "
            f"predictor, which has predictor and factor in its name. Rename the column {repeated[0]}."
        )
    for group in groups:
        if names.is_variable_of(names.group_dim(group.factor), [other.name for other in groups]):
            raise DataError(
                f"The levels of {group.factor!r} would be called {names.group_dim(group.factor)!r}, as a "
                f"variable of another group term is. Rename the column {group.factor}."
            )
    counts = Counter(group.shared for group in groups if group.shared)
    for group in groups:
        name = names.joint(group.shared, group.factor)
        if group.shared and any(name == other.name for other in groups):
            raise DataError(
                f"The group terms with the ID {group.shared} would be called {name!r}, as another group term "
                "is. Choose another ID."
            )
    alone = {label for label, count in counts.items() if count == 1}
    settled = tuple(
        replace(
            predictor,
            groups=tuple(replace(g, shared="") if g.shared in alone else g for g in predictor.groups),
        )
        for predictor in linear
    )
    messages = [
        f"the ID {label} stands in one group term: its effects correlate with those of no other"
        for label in counts
        if label in alone
    ]
    return settled, tuple(messages)
