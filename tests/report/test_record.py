import json
from dataclasses import fields, replace
from math import inf, nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqdisc.errors import DataError
from eqdisc.expr.expression import Expression
from eqdisc.findings import Discovery
from eqdisc.report.record import read_record, record_text, result_of_text, write_record
from eqdisc.result import Law, Result
from eqdisc.scoring.uncertainty import ErrorBars
from eqdisc.search.engine import StopReason
from tests.strategies import any_constants, expressions

Case = Any  # a result and its table


def assert_same(a: Result, b: Result) -> None:
    for field in (field for field in fields(Result) if field.compare):
        left, right = getattr(a, field.name), getattr(b, field.name)
        assert left == right or repr(left) == repr(right), field.name  # NaN equals itself here
    for mine, theirs in zip((a.best, *a.front, *a.rivals), (b.best, *b.front, *b.rivals), strict=True):
        for field in fields(ErrorBars):
            np.testing.assert_array_equal(
                getattr(mine.error_bars, field.name), getattr(theirs.error_bars, field.name), field.name
            )


def test_what_is_read_is_what_was_written(case: Case, tmp_path: Path) -> None:
    result = case[0]
    write_record(result, tmp_path / "result.json")
    read = read_record(tmp_path / "result.json")
    assert_same(read, result)
    assert any(read.best is law for law in read.front)
    np.testing.assert_array_equal(read.predict(case[1].features), result.predict(case[1].features))


def test_a_second_round_changes_no_letter(case: Case) -> None:
    text = record_text(case[0])
    assert record_text(result_of_text(text, "here")) == text


@given(expressions(constants=any_constants), st.floats(), st.none() | st.floats(), st.text(min_size=1))
@settings(max_examples=150)
def test_any_law_any_share_any_name(e: Expression, r2: float, heldout: float | None, name: str) -> None:
    names = (name, f"{name}2", f"{name}3")
    count = len(e.constants)
    bars = ErrorBars(np.ones(count, dtype=np.bool_), np.eye(count), inf, 3)
    law = Law(e, names, e.size, 0.5, r2, heldout, name, bars)
    result = Result(
        *(law, name, (law,), StopReason.EXACT, 2**62, 3, 0.1, 0.2, 10**12, {name: "x"}, (name,), name, names),
        ranges=((-inf, inf), (nan, 1e-320), (-0.0, 0.1 + 0.2)),
        target_unit=name,
        feature_units=(None, name, ""),
    )
    assert_same(result_of_text(record_text(result), "here"), result)


def test_a_reader_may_ask_for_a_kind_of_result(kepler: Case) -> None:
    assert type(result_of_text(record_text(kepler[0]), "here", Discovery)) is Discovery


def test_what_the_readme_promises_is_there(noisy: Case) -> None:
    record = json.loads(record_text(noisy[0]))
    laws = {"best": 0, "front": 0, "rivals": 0}  # these tell more than there
    assert record | noisy[0].record() | laws == record | laws
    for law, told in zip(noisy[0].front, record["front"], strict=True):
        assert told | law.record() == told
    assert (record["format"], record["version"]) == ("eqdisc-result", 1)


def test_numbers_that_are_not_finite_are_null_for_the_eye_and_kept_beside(kepler: Case) -> None:
    law = replace(kepler[0].best, r2=nan, r2_heldout=-inf)
    record = json.loads(record_text(replace(kepler[0], best=law)))["best"]
    assert (record["r2"], record["r2_heldout"]) == (None, None)
    assert record["not_finite"] == {"r2": "nan", "r2_heldout": "-inf"}


def test_a_file_cut_short_anywhere_is_refused(noisy: Case) -> None:
    text = record_text(noisy[0])
    for end in range(0, len(text) - 2, 997):
        with pytest.raises(DataError, match=r"runs/a/result\.json is no whole JSON file"):
            result_of_text(text[:end], "runs/a/result.json")


def test_every_key_is_missed(noisy: Case) -> None:
    record = json.loads(record_text(noisy[0]))
    public = set(record) - {"eqdisc"}  # who wrote it, for people
    for key in sorted(public & {field.name for field in fields(Result)} | {"format", "version"}):
        broken = {other: value for other, value in record.items() if other != key}
        with pytest.raises(DataError, match=rf"here is damaged: {key} is missing"):
            result_of_text(json.dumps(broken), "here")


@pytest.mark.parametrize("key", ["tree", "complexity", "loss", "r2", "r2_heldout", "found_by", "error_bars"])
def test_every_key_of_a_law_is_missed(kepler: Case, key: str) -> None:
    record = json.loads(record_text(kepler[0]))
    del record["front"][1][key]
    with pytest.raises(DataError, match=rf"here is damaged: front\[1\]\.{key} is missing"):
        result_of_text(json.dumps(record), "here")


@pytest.mark.parametrize("value", [None, True, "word", -1.5, [], [1], {}, {"a": 1}])
def test_any_value_of_any_key_is_read_or_refused_in_words(noisy: Case, value: object) -> None:
    record = json.loads(record_text(noisy[0]))
    for key in record:
        said = refusal(record | {key: value})
        assert not said or said.startswith("here ")
    for key in record["best"]:
        said = refusal(record | {"best": record["best"] | {key: value}})
        assert not said or "here is damaged: best." in said


def test_error_bars_of_another_law_are_refused(noisy: Case) -> None:
    record = json.loads(record_text(noisy[0]))
    record["best"]["tree"] = "x0"
    assert "best.error_bars" in refusal(record)


def refusal(record: dict[str, Any]) -> str:
    """What the reader says of a record it refuses; nothing where it takes it."""
    try:
        result_of_text(json.dumps(record), "here")
    except DataError as error:
        return str(error)
    return ""


def test_a_tree_that_makes_no_sense_is_refused(kepler: Case) -> None:
    record = json.loads(record_text(kepler[0]))
    record["best"]["tree"] = "sqrt(x0**3"
    with pytest.raises(DataError, match=r"best\.tree is no expression"):
        result_of_text(json.dumps(record), "here")


def test_a_newer_version_is_refused_with_the_way_out(kepler: Case, tmp_path: Path) -> None:
    record = json.loads(record_text(kepler[0])) | {"version": 2}
    path = tmp_path / "result.json"
    path.write_text(json.dumps(record))
    with pytest.raises(DataError, match=r"made by a newer eqdisc \(format 2, this one reads 1\); upgrade"):
        read_record(path)


@pytest.mark.parametrize("content", [b"", b"[]", b"3", b'"a"', b"{}", b"\xff\xfe", b"[" * 100_000, b"null"])
def test_other_files_are_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"result\.json"):
        read_record(path)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_record(tmp_path / "result.json")
