import pytest

from payments import notices
from payments.gateways.base import Result


def test_an_event_is_read_whole() -> None:
    notice = notices.read(b'{"event_id":"e1","status":"failed","attempt":"pat_1","code":"lost_card","more":{"a":1}}')
    assert (notice.event_id, notice.result, notice.attempt, notice.code) == ("e1", Result.FAILED, "pat_1", "lost_card")
    assert (notice.amount_minor, notice.is_known, notice.names_something) == (None, True, True)


@pytest.mark.parametrize(
    ("amount", "minor"),
    [('"amount_minor":1050', 1050), ('"amount":29.99', 2999), ('"amount":30', 3000), ('"amount":0.1', 10)],
)
def test_amounts_come_in_minor_units_or_as_older_senders_give_them(amount: str, minor: int) -> None:
    body = f'{{"event_id":"e","status":"success","currency":"usd",{amount}}}'
    assert notices.read(body.encode()).amount_minor == minor


def test_an_unknown_status_is_no_answer() -> None:
    assert not notices.read(b'{"event_id":"e","status":"teleported"}').is_known


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b'"x"', b"\xff", b"{}", b'{"event_id":1}', b'{"event_id":""}', b'{"event_id":"a b"}',
        b'{"event_id":"e","status":5}', b'{"event_id":"e","amount":NaN}', b'{"event_id":"e","amount_minor":1.5}',
        b'{"event_id":"e","amount_minor":true}', b'{"event_id":"e","amount":"1"}', b'{"event_id":"e","amount":1}',
        b'{"event_id":"e","amount":0.001,"currency":"USD"}', b'{"event_id":"e","amount":1e999999,"currency":"USD"}',
        b'{"event_id":"e","payment":"\\u0000"}', b"[" * 100_000, b'{"event_id":"' + b"e" * 129 + b'"}',
    ],
)  # fmt: skip
def test_what_is_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(notices.MalformedNotice):
        notices.read(body)
