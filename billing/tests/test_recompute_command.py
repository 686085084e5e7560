"""`manage.py recompute` exits 1 as soon as one invoice comes out differently."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from billing.tests.factories import issue
from core import ids

pytestmark = pytest.mark.django_db

TAMPER = "UPDATE billing_invoice SET subtotal_minor = 1, total_minor = 1, due_minor = 1 WHERE id = %s"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = 0
    try:
        call_command("recompute", *arguments)
    except SystemExit as ended:
        status = int(ended.code or 0)
    return status, capsys.readouterr().out


def test_named_invoices_are_identical(capsys: pytest.CaptureFixture[str]) -> None:
    names = [issue(1000).public_id, issue(500).public_id]
    assert run(capsys, *names) == (0, "2 identical, 0 different\n")


def test_all_invoices_are_computed_and_the_different_one_is_named(
    capsys: pytest.CaptureFixture[str], owner_sql: Callable[..., Any]
) -> None:
    issue(1000)
    wrong = issue(500)
    owner_sql(TAMPER, [wrong.id], off=["billing_invoice"])
    status, said = run(capsys, "--all")
    assert status == 1
    assert f"DIFFERENT {wrong.public_id} {wrong.number}\n    invoice subtotal_minor: 1, now 500" in said
    assert said.endswith("1 identical, 1 different\n")


def test_machines_get_a_document_per_invoice(capsys: pytest.CaptureFixture[str]) -> None:
    invoice = issue(1000)
    status, said = run(capsys, invoice.public_id, "--json")
    assert (status, json.loads(said)) == (
        0, {"invoice": invoice.public_id, "number": invoice.number, "identical": True, "differences": [],
            "late_usage": []},
    )  # fmt: skip


@pytest.mark.parametrize("arguments", [(), ("inv_nonsense",), ("sub_1",), (ids.encode("inv", ids.new()),)])
def test_what_is_no_invoice_is_refused(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        call_command("recompute", *arguments)
