"""A printed formula reads back as the same terms, and means the same however it was written."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from hierbayes.errors import FormulaError
from hierbayes.formulas import Formula, Name, Number, Operation, Response, Term, parse_formula
from hierbayes.formulas.source import MAX_LENGTH
from hierbayes.formulas.terms import Call

NAMES = ["a", "b", "c.d", "größe", "I", "`e f`", "`3rd`"]
text_of_name = st.sampled_from(NAMES)
spaces = st.sampled_from(["", " ", "\n"])

arithmetic = st.recursive(
    text_of_name | st.floats(0, 1e9).map(str) | st.sampled_from(["2", ".5", "1e-3"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "^", "**", " - "]), inner).map("".join),
        st.tuples(inner, st.sampled_from(["==", "!=", "<", ">", "<=", ">="]), inner)
        .map("".join)
        .map("({})".format),
        st.tuples(inner, st.sampled_from(["&", "|", " & "]), inner).map("".join).map("({})".format),
        inner.map("(!{})".format),
        st.tuples(st.sampled_from(["log", "exp", "abs", "scale", "center"]), inner).map(
            "{0[0]}(a + {0[1]})".format
        ),
        inner.map("({})".format),
        inner.map("-{}".format),
    ),
    max_leaves=8,
)
labels = st.text(max_size=5).map(lambda label: '"' + label.replace("\\", "\\\\").replace('"', '\\"') + '"')
numbers = st.lists(st.floats(-1e9, 1e9).map(lambda x: x + 0.0), min_size=2, max_size=4, unique=True).map(
    lambda values: ", ".join(map(repr, values))
)
calls = st.one_of(
    st.tuples(arithmetic, st.integers(1, 50), st.sampled_from(["", ", raw=TRUE", ", raw = F"])).map(
        "poly(a + {0[0]}, {0[1]}{0[2]})".format
    ),
    st.tuples(
        st.sampled_from(["bs", "ns", "cr"]), arithmetic, st.sampled_from(["", "df="]), st.integers(1, 50)
    ).map("{0[0]}(a*{0[1]}, {0[2]}{0[3]})".format),
    arithmetic.map("scale(a + {}, scale=FALSE)".format),
    arithmetic.map("wb(a + {}, g)".format),
    st.tuples(text_of_name, labels).map("factor({0[0]}, ref={0[1]})".format),
    st.tuples(text_of_name, labels).map("C({0[0]}, treatment({0[1]}))".format),
    st.tuples(text_of_name, st.sampled_from(["sum", "contr.helmert", "treatment"])).map(
        "C({0[0]}, {0[1]})".format
    ),
    labels.map("I(b == {})".format),
    numbers.map("cut(a, c({}), right = F)".format),
    numbers.map("ns(a, knots = c({}))".format),
    st.tuples(text_of_name, st.lists(labels, min_size=1, max_size=3, unique=True).map(", ".join)).map(
        "ordered({0[0]}, levels = c({0[1]}))".format
    ),
)
variable = st.one_of(
    text_of_name,
    arithmetic.map("I(a + {})".format),
    arithmetic.map("log(a + {})".format),
    text_of_name.map("factor({})".format),
    calls,
)
product = st.recursive(
    variable,
    lambda inner: st.one_of(
        st.tuples(inner, spaces, st.sampled_from([":", "*", "/", "%in%"]), spaces, inner).map("".join),
        st.tuples(inner, inner, st.integers(1, 3)).map("({0[0]} + b.2 + d.2 + {0[1]})^{0[2]}".format),
        st.tuples(inner, st.sampled_from([" + ", " - "]), inner).map("({0[0]}{0[1]}{0[2]})".format),
    ),
    max_leaves=5,
)
total = st.builds(
    lambda start, rest: start + "".join(rest),
    st.sampled_from(["1", "0", "-1", "+ a", "a"]),
    st.lists(st.tuples(st.sampled_from([" + ", " - "]), product).map("".join), max_size=4),
)
factors = st.lists(
    st.tuples(st.sampled_from(["g", "h", "`g h`", "factor(k)"]), st.sampled_from([":", "/"])).map("".join),
    max_size=3,
).map(lambda parts: "".join(parts) + "j")
factors = st.one_of(factors, st.sampled_from(["gr(g)", "gr(g, by = s)", "cut(a, 3)"]))
group = st.one_of(
    st.tuples(total, st.sampled_from(["|", "||"]), factors).map("({0[0]} {0[1]} {0[2]})".format),
    st.tuples(total, st.sampled_from(["|c|", "| 1|"]), st.sampled_from(["g", "g:h", "cut(a, 3)"])).map(
        "({0[0]} {0[1]} {0[2]})".format
    ),
)
rest = st.lists(st.sampled_from([" + .", " - .", " - a", " - `e f`", " + (. - b)", " + a"]), max_size=4).map(
    "".join
)
offsets = st.lists(arithmetic.map(" + offset(a + {})".format), max_size=2).map("".join)
left = st.one_of(
    st.sampled_from(["y", "log(y)", "y[Y]", "cbind(y, n - y)", "y | weights(w)", "y | trials(10) + cens(c)"]),
    arithmetic.map("y | trunc(lb = {})".format),
)
formulas = st.builds(
    lambda y, right, others, groups: f"{y} ~ " + " + ".join([right + others, *groups]),
    left,
    total,
    st.tuples(rest, offsets).map("".join),
    st.lists(group, max_size=2),
)


@given(formulas)
def test_round_trip(text):
    try:
        formula = parse_formula(text)
    except FormulaError as error:
        refusals = (
            *("leaves no term", "Nothing varies", "in two group terms", "more than 1,000 terms"),
            "comes twice in one formula",
        )
        assert any(reason in error.problem for reason in refusals), error
        return
    assume(len(str(formula)) <= MAX_LENGTH)
    assert parse_formula(str(formula)) == formula
    assert str(parse_formula(str(formula))) == str(formula)


@given(st.lists(product, min_size=1, max_size=4))
def test_terms_are_unique_and_ordered(products):
    population = parse_formula("y ~ 1 + " + " + ".join(products)).population
    assert population[0].is_intercept
    orders = [len(term.factors) for term in population]
    assert orders == sorted(orders)
    assert len({frozenset(term.factors) for term in population}) == len(population)
    assert all(len(set(term.factors)) == len(term.factors) for term in population)


@given(product, product)
def test_crossing_is_both_and_their_interaction(left, right):
    crossed = parse_formula(f"y ~ ({left})*({right})")
    assert crossed == parse_formula(f"y ~ ({left}) + ({right}) + ({left}):({right})")


@given(st.text(max_size=12).filter(lambda s: not s.isspace()), st.text(min_size=1, max_size=12))
def test_any_label_and_any_column_name_can_be_written(level, name):
    formula = Formula(Response(Name("y"), level), (Term(()), Term((Name(f"x{name}"),))), ())
    assert parse_formula(str(formula)) == formula


expressions = st.recursive(
    st.sampled_from([Name("a"), Name("b c")])
    | st.floats(0, allow_infinity=False, allow_nan=False).map(Number),
    lambda inner: st.one_of(
        st.builds(lambda s, x, y: Operation(s, (x, y)), st.sampled_from("+-*/^&|"), inner, inner),
        st.builds(lambda s, x: Operation(s, (x,)), st.sampled_from("-!"), inner),
    ),
    max_leaves=12,
)


@given(expressions)
def test_any_arithmetic_prints_so_that_it_reads_back(expression):
    call = Call("I", (Operation("+", (Name("x"), expression)),))
    formula = Formula(Response(Name("y")), (Term((call,)),), ())
    assert parse_formula(str(formula)) == formula
