"""`manage.py conformance`. No test here has a database: an engine is verified without one."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from core import conformance
from core.conformance import _registry
from tests.conformance import FOLDER

GOOD = {"id": "mine-1", "why": "ten", "input": {"amount": "10", "currency": "USD"}, "expected": {"minor": 1000}}
WRONG = {"id": "mine-2", "why": "a half", "input": {"amount": "0.005", "currency": "USD"}, "expected": {"minor": 0}}
WALLET = {"id": "mine-3", "input": {"at": "2025-06-01T00:00:00Z", "lots": [], "burn_minor": 1}}

Write = Callable[..., Path]
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A file of cases, or of anything else when it is given as text."""

    def written(*cases: Any, kind: str = "money", name: str = "mine.json", text: str | None = None) -> Path:
        path = tmp_path / name
        path.write_text(text if text is not None else json.dumps({"kind": kind, "cases": cases}), encoding="utf-8")
        return path

    return written


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Run:
    """What the command exits with, and says."""

    def run(*arguments: str | Path) -> tuple[int, str]:
        status = 0
        try:
            call_command("conformance", *map(str, arguments))
        except SystemExit as stopped:
            status = int(stopped.code or 0)
        return status, capsys.readouterr().out

    return run


def test_the_cases_of_the_house_pass(told: Run) -> None:
    status, out = told()
    assert status == 0
    assert "FAILED" not in out
    assert out.splitlines()[0].split() == ["kind", "cases", "passed", "failed", "not", "yet"]


def test_every_kind_has_a_file(told: Run) -> None:
    kinds = sorted(path.stem for path in FOLDER.glob("*.json"))
    assert kinds == sorted(conformance.KINDS)
    assert len(kinds) == 17
    assert all(conformance.read(FOLDER / f"{kind}.json").kind == kind for kind in kinds)
    assert sorted(json.loads(told("--json")[1])["kinds"]) == kinds


@pytest.mark.parametrize("kind", ["price", "period", "proration", "invoice", "wallet", "allocate", "money"])
def test_every_kind_of_money_has_cases_of_our_own(kind: str) -> None:
    found = conformance.read(FOLDER / f"{kind}.json").cases
    assert sum(case.id >= f"{kind}-700" for case in found) >= 5
    assert all(case.why for case in found)


def test_the_kinds_of_money_pass_strictly(told: Run) -> None:
    kinds = ("price", "period", "proration", "invoice", "wallet", "allocate", "money")
    assert told("--strict", "--kind", *kinds)[0] == 0


def test_the_kinds_of_the_edge_pass_strictly(told: Run) -> None:
    kinds = ("client_ip", "signature", "flags", "retry", "redact", "request_id", "url_guard")
    assert told("--strict", "--kind", *kinds)[0] == 0


def test_a_wrong_case_is_shown_with_expected_and_got(write: Write, told: Run) -> None:
    status, out = told(write(GOOD, WRONG))
    assert status == 1
    assert "FAILED  mine-2: a half" in out
    assert 'expected {"minor": 0}' in out
    assert 'got      {"minor": 1}' in out
    assert "mine-1" not in out
    assert out.splitlines()[-1].split() == ["all", "2", "1", "1", "0"]


def test_machines_read_json(write: Write, told: Run) -> None:
    path = write(GOOD, WRONG)
    status, out = told(path, "--json")
    assert status == 1
    assert json.loads(out) == {
        "status": 1,
        "kinds": {"money": {"cases": 2, "passed": 1, "failed": 1, "not_yet": 0}},
        "failures": [
            {
                "file": str(path),
                "kind": "money",
                "id": "mine-2",
                "why": "a half",
                "expected": {"minor": 0},
                "got": {"minor": 1},
                "error": None,
            }
        ],
        "problems": [],
    }


def test_only_expected_members_are_compared(write: Write, told: Run) -> None:
    assert told(write(WALLET | {"expected": {"shortfall_minor": 1}}, kind="wallet"))[0] == 0
    status, out = told(write(WALLET | {"expected": {"shortfall_minor": 1, "funds": {}}}, kind="wallet"))
    assert status == 1
    assert 'got      {"shortfall_minor": 1}' in out


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"amount": "10", "currency": "XXX"}, "UnknownCurrency: The currency is not"),
        ({"amount": 10.5, "currency": "USD"}, "ValueError: 10.5 is not a decimal written as text"),
        ({"amount": "1e9999999", "currency": "USD"}, "more than 100 digits"),
        ({"amount": "٣", "currency": "USD"}, "is not a decimal written as text"),
        ({"amount": "10"}, "KeyError: 'currency'"),
        ({"amount": "10", "currency": "USD", "rounding": "even"}, "members that money has not: ['rounding']"),
    ],
)
def test_a_case_that_cannot_be_answered_fails_with_the_reason(
    given: dict[str, Any], error: str, write: Write, told: Run
) -> None:
    status, out = told(write(GOOD, WRONG | {"input": given}), "--json")
    found = json.loads(out)
    assert status == 1
    assert found["kinds"]["money"] == {"cases": 2, "passed": 1, "failed": 1, "not_yet": 0}
    assert error in found["failures"][0]["error"]


def test_a_misspelled_member_inside_an_input_fails(write: Write, told: Run) -> None:
    line = {"id": "a", "amount_minor": 100, "tax_rates": []}
    coupon = {"percent": "10", "line": ["a"]}
    given = {"currency": "USD", "tax_behavior": "exclusive", "lines": [line], "coupons": [coupon]}
    status, out = told(write(GOOD | {"input": given, "expected": {"due_minor": 90}}, kind="invoice"))
    assert status == 1
    assert "no member may be called line" in out


def test_a_kind_without_an_adapter_is_not_yet_and_fails_strictly(
    write: Write, told: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = {kind: one for kind, one in _registry._adapters.items() if kind != "money"}
    monkeypatch.setattr(_registry, "_adapters", without)
    path = write(GOOD, WRONG)
    status, out = told(path)
    assert status == 0
    assert out.splitlines()[-1].split() == ["all", "2", "0", "0", "2"]
    assert told(path, "--strict")[0] == 1
    assert json.loads(told(path, "--strict", "--json")[1])["kinds"]["money"]["not_yet"] == 2


def test_an_unknown_kind_is_a_problem_and_the_rest_still_runs(write: Write, told: Run, tmp_path: Path) -> None:
    write(GOOD, name="a.json", kind="weather")
    write(GOOD, name="b.json")
    status, out = told(tmp_path)
    assert status == 2
    assert "there is no kind weather" in out
    assert str(tmp_path / "a.json") in out
    assert out.count("NOT RUN") == 1
    assert "all                 1        1        0        0" in out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "Expecting property name"),
        ("[]", "not an object with the text `kind`"),
        ('{"kind": "money"}', "`cases` is not a list of at least one case"),
        ('{"kind": "money", "cases": []}', "`cases` is not a list of at least one case"),
        ('{"kind": "money", "cases": [[]]}', "case 1 is not an object with the text `id`"),
        ('{"kind": "money", "cases": [{"id": "m-1", "input": []}]}', "m-1: `input` is not an object"),
        ('{"kind": "money", "cases": [{"id": "m-1", "input": {}}]}', "m-1: `expected` is not an object"),
        ('{"kind": "money", "cases": [{"id": "m-1", "input": {}, "expected": {}}]}', "m-1: `expected` is empty"),
        ('{"kind": "money", "cases": [{"id": "m-1", "id": "m-2"}]}', "'id' is twice in one object"),
        ('{"kind": "money", "cases": NaN}', "NaN is not JSON"),
        ("[" * 100_000, "recursion"),
    ],
)
def test_a_malformed_file_is_named_with_its_case(text: str, message: str, write: Write, told: Run) -> None:
    path = write(text=text)
    status, out = told(path)
    assert status == 2
    assert f"NOT RUN  {path}: " in out
    assert message in out


def test_two_cases_of_one_name_are_a_problem(write: Write, told: Run) -> None:
    status, out = told(write(GOOD, GOOD))
    assert status == 2
    assert "two cases are called mine-1" in out


def test_a_file_that_cannot_be_read_is_a_problem(tmp_path: Path, told: Run) -> None:
    (tmp_path / "latin.json").write_bytes(b'{"kind": "\xff"}')
    status, out = told(tmp_path / "latin.json", tmp_path / "missing.json")
    assert status == 2
    assert out.count("NOT RUN") == 2
    assert "No such file" in out


def test_a_folder_with_nothing_is_no_success(tmp_path: Path, told: Run) -> None:
    status, out = told(tmp_path)
    assert status == 2
    assert f"no case in {tmp_path}" in out


def test_a_kind_chooses_and_must_have_a_case(write: Write, told: Run, tmp_path: Path) -> None:
    write(GOOD, name="a.json")
    write(WALLET | {"expected": {"shortfall_minor": 7}}, name="deeper.json", kind="wallet")
    assert told(tmp_path)[0] == 1
    assert told(tmp_path, "--kind", "money")[0] == 0
    status, out = told(tmp_path, "--kind", "money", "period")
    assert status == 2
    assert "no case of the kind period" in out


def test_a_kind_that_nobody_knows_cannot_be_chosen() -> None:
    with pytest.raises(CommandError, match="weather"):
        call_command("conformance", "--kind", "weather")


@pytest.mark.parametrize("kind", ["money", "weather"])
def test_a_kind_is_registered_once_and_known(kind: str) -> None:
    with pytest.raises(ValueError, match="no kind, or is registered twice"):
        conformance.conforms(kind, reads="")(lambda given: given)
    assert conformance.adapter("weather") is None


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (1, True),
        ({"a": 1}, {"a": 1, "leaked": 2}),
        ({"a": 1, "b": 2}, {"a": 1}),
        ([1, 2], [2, 1]),
        ([1], [1, 2]),
        ("2025-06-01", conformance.instant("2025-06-01T00:00:00Z")),
        ("22.500000002", conformance.decimal("22.5")),
        (22.5, conformance.decimal("22.5")),
    ],
)
def test_what_differs_is_not_the_same(expected: Any, got: Any) -> None:
    assert not conformance.same(expected, got)


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        ("2025-06-01T02:00:00+02:00", conformance.instant("2025-06-01T00:00:00Z")),
        ("22.50", conformance.decimal("22.5")),
        ("0.333333333333", conformance.decimal("0.33333333333333333")),
        ({"a": [1, None]}, {"a": [1, None]}),
    ],
)
def test_one_value_may_be_written_in_several_ways(expected: Any, got: Any) -> None:
    assert conformance.same(expected, got)
