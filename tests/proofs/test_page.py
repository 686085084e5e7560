"""The table of the proofs: a control that holds is as wrong as a proof that does not."""

from pathlib import Path

import pytest

from proof import page, sabotages
from proof.catalog import PROOFS
from proof.harness.results import Result, load
from tests.house import ROOT, text


def result(*broken: str, sabotage: str = "") -> Result:
    counted = {"facts": 20_000, "kills": 300}
    return Result(
        name="facts", scale="full", seed=7, sabotage=sabotage, figure="20,000 facts", seconds=61.4, counted=counted,
        broken=list(broken),
    )  # fmt: skip


def test_a_proof_that_holds_is_told_with_its_figure_and_what_was_found() -> None:
    [row] = page.table([result()]).splitlines()[2:]
    assert row == "| **facts**: 20,000 facts | 20,000 facts, 300 kills | 61 | holds |"


@pytest.mark.parametrize(
    ("found", "is_right"),
    [(result(), True), (result("x"), False), (result(sabotage="order"), False), (result("x", sabotage="order"), True)],
)
def test_a_control_must_fail(found: Result, *, is_right: bool) -> None:
    assert page.is_right(found) is is_right


def test_a_broken_proof_says_what_is_broken() -> None:
    assert "**broken**: lost facts: 3, not 0" in page.table([result("lost facts: 3, not 0", "more")])
    assert "fails, as it must: out of order" in page.table([result("out of order", sabotage="order")])
    assert "**holds, and must not**" in page.table([result(sabotage="order")])


def test_the_page_is_rewritten_between_its_marks(tmp_path: Path) -> None:
    place = tmp_path / "proofs.md"
    place.write_text(f"# Proofs\n\n{page.BEGIN}\nyesterday\n{page.END}\n\nafter\n", encoding="utf-8")
    for _ in range(2):
        page.rewrite([result()], seed=7, path=place)
    written = place.read_text(encoding="utf-8")
    assert "yesterday" not in written
    assert written.count("**facts**") == 1
    assert "Seed 7; " in written
    assert written.startswith("# Proofs\n")
    assert written.endswith("\n\nafter\n")


def test_a_result_survives_its_file(tmp_path: Path) -> None:
    assert load(tmp_path / "result.json") is None
    result("x").save(tmp_path / "result.json")
    assert load(tmp_path / "result.json") == result("x")


def test_every_proof_has_a_control_whose_meaning_is_told() -> None:
    for proof in PROOFS:
        assert proof.controls
        assert set(proof.controls) <= set(sabotages.MEANING)
    assert {name for proof in PROOFS for name in proof.controls} == set(sabotages.MEANING)


def test_a_proof_without_a_small_run_has_a_small_test() -> None:
    assert [proof.name for proof in PROOFS if proof.small_test and not (ROOT / proof.small_test).exists()] == []


def test_the_page_names_every_proof() -> None:
    assert [proof.name for proof in PROOFS if f"`{proof.name}`" not in text("docs/proofs.md")] == []
