"""The mails of dunning, in every language that documents are written in."""

import tomllib
from datetime import date
from pathlib import Path

import pytest

from billing import internal
from billing.documents import dunning_letters, formats
from billing.documents.dunning_letters import Notice, letter_of, sentences_of
from billing.documents.wording import languages
from billing.models import DunningStep
from billing.services import void_invoice
from billing.tests.dunning.builders import case_of, decline
from core import clock
from core.actor import SYSTEM

ABOUT = ("declined", "failed", "grace_ended", "extended", "exhausted", "recovered")
KNOWN = {
    "issuer": "Acme", "number": "INV-7", "currency": "EUR", "due_minor": 1250, "retry_on": date(2026, 2, 3),
    "use_until": date(2026, 2, 9), "payment_url": "https://pay.example/INV-7",
}  # fmt: skip


def written(about: str, language: str = "en", **more: object) -> str:
    notice = Notice(about=about, **{**KNOWN, **more})
    return letter_of(notice, formats.locale_of(language)).text


def test_every_language_has_every_sentence() -> None:
    folder = Path(dunning_letters.__file__).parent / "notices"
    files = {path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.toml")}
    assert set(files) == languages()
    assert {frozenset(one) for one in files.values()} == {frozenset(files["en"])}
    assert all("{date}" in one["retry_on"] and "{date}" in one["use_until"] for one in files.values())


@pytest.mark.parametrize("language", sorted(languages()))
@pytest.mark.parametrize("about", ABOUT)
def test_a_mail_says_what_happened_in_the_language(about: str, language: str) -> None:
    text = written(about, language)
    assert text.startswith(sentences_of(formats.locale_of(language))[about])
    assert "INV-7" in text
    assert ("{" in text, "https://pay.example/INV-7" in text) == (False, about != "recovered")


def test_a_decline_says_what_comes_next() -> None:
    assert written("declined") == (
        "Your payment did not go through.\n\nInvoice: INV-7\nAmount due: €12.50\n\nWe will try again on Feb 3, 2026.\n"
        "You can use everything until Feb 9, 2026.\nPlease check your payment method, or add another one: it is tried "
        "at once.\n\nPay online: https://pay.example/INV-7\n\nAcme\n"
    )


def test_after_a_hard_decline_nothing_is_promised() -> None:
    text = written("failed", retry_on=None, is_hard=True, use_until=None)
    assert "We will not try this payment method again." in text
    assert "We will try again" not in text


def test_the_end_asks_for_nothing_more() -> None:
    assert "Please check" not in written("exhausted")
    assert "Amount due" not in written("recovered")


@pytest.mark.django_db
def test_what_is_news_no_more_is_not_told() -> None:
    case = case_of(decline())
    step = DunningStep.objects.get()
    mail = internal.write_dunning_notice(step.pk, now=clock.now())
    assert mail is not None
    assert mail.to == case.customer.email
    void_invoice(invoice_id=case.invoice_id, reason="Mistake", actor=SYSTEM, now=clock.now())
    assert internal.write_dunning_notice(step.pk, now=clock.now()) is None
