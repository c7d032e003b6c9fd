"""Model specifications survive JSON unchanged, whatever their labels are."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hierbayes.spec import PRIORS, GroupSpec, ModelSpec, Prior, PriorEntry, Scales, fill_priors

labels = st.text(min_size=1, max_size=12)
numbers = st.floats(allow_nan=False, allow_infinity=False)
groups = st.builds(
    GroupSpec,
    labels,
    labels,
    st.lists(labels, min_size=1, max_size=3).map(tuple),
    st.integers(1, 10_000),
    st.booleans(),
)
priors = st.sampled_from(sorted(PRIORS)).flatmap(
    lambda name: st.builds(Prior, st.just(name), st.tuples(*[numbers for _ in PRIORS[name].parameters]))
)
entries = st.builds(
    PriorEntry,
    st.sampled_from(["Intercept", "b", "sd", "cor", "sigma"]),
    st.lists(labels, max_size=2).map(tuple),
    priors,
    labels,
    st.text(max_size=20),
)
specs = st.builds(
    ModelSpec,
    st.text(max_size=40),
    labels,
    labels,
    st.lists(labels, max_size=4).map(tuple),
    st.lists(groups, max_size=2).map(tuple),
    st.lists(entries, max_size=4).map(tuple),
)


@given(specs)
def test_json_round_trip(spec: ModelSpec) -> None:
    text = spec.to_json()
    assert ModelSpec.from_json(text) == spec
    json.loads(text, parse_constant=lambda constant: pytest.fail(f"{constant} is not JSON"))


def test_filled_spec_round_trip() -> None:
    spec = ModelSpec("y ~ 1 + x", "gaussian", "identity", ("Intercept", "x"), ())
    filled = fill_priors(spec, Scales(1 / 3, 2 / 3, {"x": 1 / 7}), {"b": "flat()"})
    assert ModelSpec.from_json(filled.to_json()) == filled


def test_specs_written_before_uncorrelated_terms_are_read_as_correlated() -> None:
    spec = ModelSpec("y ~ x", "gaussian", "identity", ("x",), (GroupSpec("g", "g", ("x", "z"), 3),))
    raw = json.loads(spec.to_json())
    del raw["groups"][0]["correlated"]
    assert ModelSpec.from_json(json.dumps(raw)) == spec


def test_lookup_of_a_prior() -> None:
    spec = fill_priors(ModelSpec("y ~ 1", "gaussian", "identity", ("Intercept",), ()), Scales(0.0, 1.0, {}))
    assert spec.prior("sigma") == Prior("half_student_t", (3.0, 1.0))
    with pytest.raises(KeyError) as caught:
        spec.prior("sd", "school", "x")
    assert caught.value.args == ("sd[school][x]",)
