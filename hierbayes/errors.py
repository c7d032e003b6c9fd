"""One tree of errors: what is wrong, what was given, what is allowed, the nearest match, what to do."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

MAX_CARET = 60  # characters under a caret; of a longer piece the beginning


_LONGEST_WORD = 200  # wider than the line that shows a formula or a card


class HierbayesError(Exception):
    """The root of every error that hierbayes raises on purpose.

    Words of more than 200 characters, which only names and labels of data have, are cut in the middle.
    """

    def __init__(self, message: object = "") -> None:
        super().__init__(_LONG_WORD.sub(_cut, str(message)))


class HierbayesWarning(UserWarning):
    """What a user should know and what does not stop anything."""


class FormulaError(HierbayesError, ValueError):
    """The formula cannot be read, or names something that does not exist.

    Parameters
    ----------
    problem : str
        What is wrong, in a sentence.
    formula : str
        The text of the formula as the user wrote it.
    span : tuple of int
        Start and end (exclusive) of the offending characters in ``formula``.
    hint : str
        What is allowed, the nearest match and what to do.
    """

    def __init__(
        self, problem: str, formula: str = "", span: tuple[int, int] = (0, 0), hint: str = ""
    ) -> None:
        self.problem, self.formula, self.span, self.hint = problem, formula, span, hint
        super().__init__(problem + _caret(formula, span) + (f"\n{hint}" if hint else ""))


class DataError(HierbayesError, ValueError):
    """The data do not fit the model: a value, a column or a shape that cannot be used."""


class ColumnNotFoundError(FormulaError, KeyError):
    """A formula names a column that the data frame does not have."""

    def __str__(self) -> str:
        return Exception.__str__(self)  # KeyError would print the repr


class PriorError(HierbayesError, ValueError):
    """A prior cannot be read, or has a key that names nothing in the model."""


class UnknownNameError(HierbayesError, ValueError):
    """A name (family, link, sampler, data set, term, group, ...) is not one of those that exist."""

    def __init__(self, kind: str, given: object, allowed: Iterable[str], advice: str = "") -> None:
        self.kind, self.given, self.allowed = kind, given, tuple(allowed)
        nearest = nearest_match(str(given), self.allowed)
        parts = [f"{given!r} is not a known {kind}."]
        if nearest is not None:
            parts.append(f"Did you mean {nearest!r}?")
        parts.append(f"Known: {', '.join(self.allowed) or 'none'}.")
        super().__init__(" ".join(parts) + (f" {advice}" if advice else ""))


class ArgumentTypeError(HierbayesError, TypeError):
    """An argument has a type that cannot be used."""


class CardError(HierbayesError, ValueError):
    """A model card is malformed; the message names the file and the line."""


class PageError(HierbayesError, ValueError):
    """A report page cannot be read, or does not say what it takes to repeat it."""


class SamplingError(HierbayesError, RuntimeError):
    """Sampling could not start or produced no draws."""


class ResourceError(HierbayesError, MemoryError):
    """What was asked for does not fit into memory; said before anything is sampled."""


class NotInstalledError(HierbayesError, ImportError):
    """Something was asked for that needs a library which does not come with hierbayes."""


class StorageError(HierbayesError, ValueError):
    """A saved fit cannot be written or read."""


_LONG_WORD = re.compile(rf"\S{{{_LONGEST_WORD + 1},}}")


def _cut(found: re.Match[str]) -> str:
    word = found.group()
    return f"{word[:60]}...{word[-20:]} ({len(word):,} characters)"


def nearest_match(given: str, allowed: Iterable[str]) -> str | None:
    """The name in ``allowed`` that looks most like ``given``, or None if none is close.

    Candidates share most of their letters with it, in order or all of them in another one; among them the
    winner has the longest common runs and the fewest slips of the pen.
    """
    names = list(allowed)
    lowered = {name.lower(): name for name in reversed(names)}
    wanted = given.lower()
    alike = difflib.get_close_matches(wanted, list(lowered), n=_CANDIDATES, cutoff=0.6)
    letters = sorted(wanted)
    swapped = [name for name in lowered if sorted(name) == letters and slips(wanted, name) <= 1]

    def closeness(name: str) -> tuple[float, bool]:
        ratio = difflib.SequenceMatcher(None, name, wanted).ratio()
        return ratio - slips(wanted, name) / max(len(wanted), len(name), 1), name[:1] == wanted[:1]

    found = max((*alike, *swapped), key=closeness, default=None)
    return lowered[found] if found is not None else None


_CANDIDATES = 20
_LONGEST = 60  # letters that are compared: the cost grows with their square


def slips(given: str, meant: str) -> int:
    """Letters added, left out, mistaken or swapped with their neighbour (optimal string alignment).

    References
    ----------
    Damerau, F. J. (1964). A technique for computer detection and correction of spelling errors.
    Communications of the ACM 7, 171-176.
    """
    given, meant = given[:_LONGEST], meant[:_LONGEST]
    before, row = list[int](), list(range(len(meant) + 1))
    for i, a in enumerate(given, start=1):
        previous, row, older = row, [i], before
        for j, b in enumerate(meant, start=1):
            cost = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (a != b))
            if i > 1 and j > 1 and (a, b) == (meant[j - 2], given[i - 2]):
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        before = previous
    return row[-1]


def _caret(formula: str, span: tuple[int, int]) -> str:
    if not formula:
        return ""
    start, end = span
    line = formula.replace("\n", " ").replace("\t", " ")
    left = max(0, start - 60)
    end = min(end, start + MAX_CARET)
    right = min(len(line), max(end, start + 1) + 40)
    shown = ("..." if left else "") + line[left:right] + ("..." if right < len(line) else "")
    offset = start - left + (3 if left else 0)
    width = max(1, min(end, right) - start)
    return f"\n    {shown}\n    {' ' * offset}{'^' * width}"
