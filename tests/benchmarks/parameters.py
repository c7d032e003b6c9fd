"""Names of parameters and the worst of their diagnostics, without any library."""

import math
import re


def label(kind, *parts):
    """One name for a parameter whatever tool it comes from.

    ``("sd", "urban:district", "(Intercept)")`` is ``"sd|district:urban|Intercept"``, and the column
    ``"schgend[boys]"`` is R's ``"schgendboys"``.
    """
    if kind in ("sd", "cor"):
        group, *terms = parts
        return "|".join([kind, ":".join(sorted(group.split(":"))), *map(_column, terms)])
    return "|".join([kind, *map(_column, parts)])


def _column(term):
    return re.sub(r"[^0-9A-Za-z]", "", term)


def worst(rows):
    """Over rows with numbers; a parameter that does not move has none."""

    def pick(name, choose):
        numbers = [row[name] for row in rows if row.get(name) is not None and math.isfinite(row[name])]
        return choose(numbers) if numbers else None

    return {"ess_bulk": pick("ess_bulk", min), "ess_tail": pick("ess_tail", min), "r_hat": pick("r_hat", max)}
