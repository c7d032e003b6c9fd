import math

import pytest

from hierbayes.report.numerals import count, interval, number, percent, places_for


@pytest.mark.parametrize(
    ("deviation", "places"),
    [
        (0.0079, 4),
        (0.147, 2),
        (1.0, 1),
        (0.996, 1),
        (0.0996, 2),
        (9.96, 0),
        (35.0, 0),
        (0.0, None),
        (math.nan, None),
        (1e-7, None),
    ],
)
def test_places_show_two_digits_of_the_deviation(deviation: float, places: int | None) -> None:
    assert places_for(deviation) == places


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (0.16573, None, "0.166"),
        (1.0, None, "1.00"),
        (0.9996, None, "1.00"),
        (99.96, None, "100"),
        (1234.4, None, "1,234"),
        (-1.567, None, "−1.57"),
        (0.0, None, "0"),
        (4.56e-5, None, "4.56e-05"),
        (-0.004, 2, "0.00"),
        (-0.006, 2, "−0.01"),
        (-1234.5678, 1, "−1,234.6"),
        (math.inf, 2, "∞"),
        (-math.inf, None, "−∞"),
        (math.nan, 3, "–"),
    ],
)
def test_number(value: float, places: int | None, text: str) -> None:
    assert number(value, places) == text


def test_counts_percentages_and_intervals() -> None:
    assert count(1934) == "1,934"
    assert [percent(share) for share in (0.1661, 0.004, 0.0, 1.0, 0.9999)] == [
        "16.6\u00a0%",
        "0.4\u00a0%",
        "0\u00a0%",
        "100\u00a0%",
        "100\u00a0%",
    ]
    assert interval(-0.0427, -0.0113, 3) == "−0.043 to −0.011"
