"""The priors of a model as plain rows, for ``model.priors`` and ``print(model)``."""

from __future__ import annotations

from dataclasses import dataclass

from hierbayes.spec.records import ModelSpec


@dataclass(frozen=True)
class PriorRow:
    """One line of the prior table.

    Attributes
    ----------
    parameter : str
        The most specific key of the parameter: ``"sd[school][standLRT]"``.
    prior : str
        As it would be written: ``"half_student_t(3, 1)"``.
    source : str
        ``"default"``, or the user's key that set it.
    reason : str
        Why the default is what it is; empty for a stated prior.
    """

    parameter: str
    prior: str
    source: str
    reason: str


def prior_rows(spec: ModelSpec) -> list[PriorRow]:
    """One row for each prior in force, in the order of the model.

    Parameters
    ----------
    spec : ModelSpec
        A model whose priors are filled in.

    Examples
    --------
    >>> from hierbayes.spec import ModelSpec, Scales, fill_priors
    >>> spec = ModelSpec("y ~ 1", "gaussian", "identity", ("Intercept",), ())
    >>> for row in prior_rows(fill_priors(spec, Scales(0.0, 1.0, {}), {"sigma": "half_normal(2)"})):
    ...     print(row.parameter, row.prior, row.source)
    Intercept normal(0, 2.5) default
    sigma half_normal(2) sigma
    """
    return [PriorRow(entry.key, str(entry.prior), entry.source, entry.reason) for entry in spec.priors]
