"""Cards that come along are found by name, from any folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import hierbayes as hb
from hierbayes.errors import CardError

ROOT = Path(__file__).parents[2]
NAMES = sorted(path.stem for path in (ROOT / "models").glob("*.toml"))


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_all_cards_are_listed() -> None:
    cards = hb.list_cards()
    assert cards["name"].tolist() == NAMES
    assert cards["models"].sum() == sum(len(hb.load_card(name).models) for name in NAMES)
    assert all(Path(path).is_file() for path in cards["path"])


@pytest.mark.parametrize("name", ["exam", "exam.toml", Path("exam")])
def test_a_card_is_found_by_its_name(name: str | Path) -> None:
    assert hb.load_card(name) == hb.load_card(ROOT / "models" / "exam.toml")


def test_a_file_of_ones_own_goes_first(elsewhere: Path) -> None:
    text = (ROOT / "models" / "exam.toml").read_text(encoding="utf-8")
    (elsewhere / "exam.toml").write_text(text.replace('title = "', 'title = "Mine: '), encoding="utf-8")
    assert hb.load_card("exam.toml").title.startswith("Mine: ")
    assert not hb.load_card("exam").title.startswith("Mine: ")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("exm", "There is no model card exm. Did you mean 'exam', a card that comes along?"),
        (
            "models/exam.toml",
            "There is no model card models/exam.toml. Did you mean 'exam', a card that comes",
        ),
        ("zzz", f"There is no model card zzz. Cards that come along: {', '.join(NAMES)}."),
    ],
)
def test_a_name_that_leads_nowhere(given: str, said: str) -> None:
    with pytest.raises(CardError) as caught:
        hb.load_card(given)
    assert str(caught.value).startswith(said)


def test_cards_of_the_folder_are_named_too(elsewhere: Path) -> None:
    shutil.copy(ROOT / "models" / "exam.toml", elsewhere / "pupils.toml")
    (elsewhere / "pyproject.toml").touch()
    with pytest.raises(CardError, match=r"no model card zzz\. Cards there: pupils\.toml\. Cards that come"):
        hb.load_card("zzz")
    with pytest.raises(CardError, match=r"Did you mean pupils\.toml\?"):
        hb.load_card("pupil.toml")
