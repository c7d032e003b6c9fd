"""Data files: what can be read, and one clear error for each way in which a file can be no table."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import hierbayes as hb
from hierbayes.cards import CardData, card_frame, read_frame
from hierbayes.errors import DataError, UnknownNameError

FRAME = pd.DataFrame({"y": [1.5, 2.5], "g": ["a", "é"]})


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".parquet", ".CSV"])
def test_every_kind_of_file_gives_the_same_frame(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"data{ending}"
    if ending == ".parquet":
        FRAME.to_parquet(path)
    else:
        FRAME.to_csv(path, sep="\t" if ending == ".tsv" else ",", index=False)
    pd.testing.assert_frame_equal(read_frame(path), FRAME)
    pd.testing.assert_frame_equal(read_frame(str(path)), FRAME)
    pd.testing.assert_frame_equal(card_frame(CardData(file=path)), FRAME)


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    path = tmp_path / "excel.csv"
    path.write_bytes(b"\xef\xbb\xbfy,g\n1,a\n")
    assert list(read_frame(path).columns) == ["y", "g"]


def test_data_sets_that_come_along() -> None:
    pd.testing.assert_frame_equal(read_frame("dataset:exam"), hb.load_data("exam"))
    pd.testing.assert_frame_equal(card_frame(CardData(dataset="exam")), hb.load_data("exam"))
    with pytest.raises(UnknownNameError, match="'exam'"):
        read_frame("dataset:exams")


BAD_FILES = {
    "empty.csv": (b"", "is empty"),
    "blank.csv": (b"\n\n", "has no columns"),
    "header.csv": (b"y,g\n", r"has columns \(y, g\) but no rows"),
    "latin.csv": (b"y,g\n1,\xe9\n", "is not UTF-8 text .byte 0xe9"),
    "ragged.csv": (b"y,g\n1,2\n1,2,3\n", "Expected 2 fields in line 3, saw 3"),
    "semicolons.csv": (b"y;g\n1;2\n", "separated by semicolons"),
    "tabs.csv": (b"y\tg\n1\t2\n", "separated by tabs"),
    "picture.csv": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "not a text file"),
    "text.parquet": (b"y,g\n1,2\n", "is not a Parquet file"),
    "sheet.xlsx": (b"PK", r"ending '.xlsx'.*Allowed: .csv, .tsv, .parquet"),
    "data": (b"y,g\n1,2\n", "ending ''"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_file_that_is_no_table(name: str, tmp_path: Path) -> None:
    content, message = BAD_FILES[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        read_frame(tmp_path / name)
    assert name in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "pupils.csv").write_text("y\n1\n")
    with pytest.raises(DataError, match=r"no file .*pupil.csv.*Did you mean .*pupils.csv"):
        read_frame(tmp_path / "pupil.csv")
    with pytest.raises(DataError, match=r"Allowed: .csv, .tsv, .parquet files, or dataset:exam"):
        read_frame(tmp_path / "nowhere" / "x.csv")
    with pytest.raises(DataError, match="is a directory"):
        read_frame(tmp_path)


@pytest.mark.skipif(not hasattr(__import__("os"), "geteuid"), reason="permissions are POSIX's")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "secret.csv"
    path.write_text("y\n1\n")
    path.chmod(0)
    try:
        path.read_text()
    except PermissionError:
        with pytest.raises(DataError, match="cannot be read: Permission denied"):
            read_frame(path)
    else:
        pytest.skip("this user may read everything")
