"""Fields accept one form and no other."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.exceptions import ValidationError
from rest_framework.fields import Field

from core import ids
from core.http import fields

PUBLIC = "sub_01h455vb4pex5vsknk084sn02q"
TEXT = fields.StrictString(max_length=10)
PARAGRAPH = fields.StrictString(max_length=100, multiline=True)
PRICE = fields.DecimalText(max_digits=12, decimal_places=4)


@pytest.mark.parametrize(
    ("field", "sent", "inside"),
    [
        (fields.StrictInt(), -5, -5),
        (fields.Minor(), 0, 0),
        (fields.StrictBool(), True, True),
        (TEXT, " Zoë ", "Zoë"),
        (PARAGRAPH, "a\n\tb", "a\n\tb"),
        (fields.PublicId("sub"), PUBLIC, ids.decode("sub", PUBLIC)),
        (fields.Instant(), "2026-01-31T12:00:00+02:00", datetime(2026, 1, 31, 10, tzinfo=UTC)),
        (fields.Instant(), "2026-01-31T12:00:00.5Z", datetime(2026, 1, 31, 12, 0, 0, 500_000, tzinfo=UTC)),
        (fields.LocalDate(), "2028-02-29", date(2028, 2, 29)),
        (PRICE, "0.0125", Decimal("0.0125")),
        (PRICE, Decimal("29.99"), Decimal("29.99")),
        (PRICE, 7, Decimal(7)),
        (PRICE, "1.50000", Decimal("1.5")),
        (fields.Quantity(), "12.000000001", Decimal("12.000000001")),
        (fields.Currency(), "JPY", "JPY"),
        (fields.Timezone(), "Europe/Berlin", "Europe/Berlin"),
        (fields.Choice(["now", "period_end"]), "now", "now"),
        (fields.Metadata(), {"a": "b"}, {"a": "b"}),
        (fields.Email(), "Zoe@Example.COM", "Zoe@example.com"),
    ],
)
def test_the_one_form_is_accepted(field: Field[Any, Any, Any, Any], sent: Any, inside: Any) -> None:
    assert field.to_internal_value(sent) == inside


@pytest.mark.parametrize(
    ("field", "sent", "code"),
    [
        (fields.StrictInt(), "5", "not_an_integer"),
        (fields.StrictInt(), True, "not_an_integer"),
        (fields.StrictInt(), Decimal("1.0"), "not_an_integer"),
        (fields.StrictInt(), Decimal("1E+2"), "not_an_integer"),
        (fields.StrictInt(), None, "not_an_integer"),
        (fields.StrictInt(), 2**63, "out_of_range"),
        (fields.StrictInt(max_value=9), 10, "out_of_range"),
        (fields.Minor(), -1, "out_of_range"),
        (fields.StrictBool(), "yes", "not_a_boolean"),
        (fields.StrictBool(), 1, "not_a_boolean"),
        (TEXT, 5, "not_a_string"),
        (TEXT, "", "blank"),
        (TEXT, "   ", "blank"),
        (TEXT, "x" * 11, "too_long"),
        (TEXT, "a\r\nb", "invalid_characters"),
        (TEXT, "a\x07", "invalid_characters"),
        (TEXT, "a\u202eb", "invalid_characters"),
        (TEXT, "\u200b", "invalid_characters"),
        (PARAGRAPH, "a\x00", "invalid_characters"),
        (fields.StrictString(pattern="[a-z]+"), "A1", "invalid_format"),
        (fields.PublicId("sub"), PUBLIC.upper(), "invalid_id"),
        (fields.PublicId("cus"), PUBLIC, "invalid_id"),
        (fields.PublicId("sub"), 5, "invalid_id"),
        (fields.PublicId("sub"), "01890a5d-ac96-774b-bcce-b302099a8057", "invalid_id"),
        (fields.Instant(), "2026-03-29T02:30:00", "offset_required"),
        (fields.Instant(), "2026-03-29", "invalid_instant"),
        (fields.Instant(), "2026-02-30T00:00:00Z", "invalid_instant"),
        (fields.Instant(), "0001-01-01T00:00:00+23:59", "invalid_instant"),
        (fields.Instant(), 1767225600, "invalid_instant"),
        (fields.LocalDate(), "2027-02-29", "invalid_date"),
        (fields.LocalDate(), "2027-2-9", "invalid_date"),
        (PRICE, "-1", "out_of_range"),
        (PRICE, "-0", "not_a_decimal"),
        (PRICE, "1E3", "not_a_decimal"),
        (PRICE, "1_000", "not_a_decimal"),
        (PRICE, "١٢", "not_a_decimal"),
        (PRICE, "1,000.00", "not_a_decimal"),
        (PRICE, "NaN", "not_a_decimal"),
        (PRICE, "9" * 5000, "not_a_decimal"),
        (PRICE, True, "not_a_decimal"),
        (PRICE, 0.5, "not_a_decimal"),
        (PRICE, "0.00001", "too_precise"),
        (PRICE, "100000000", "out_of_range"),
        (fields.Quantity(max_value=5), 6, "out_of_range"),
        (fields.Currency(), "usd", "unknown_currency"),
        (fields.Currency(), "XXX", "unknown_currency"),
        (fields.Currency(), None, "unknown_currency"),
        (fields.Timezone(), "Mars/Phobos", "unknown_timezone"),
        (fields.Timezone(), ["UTC"], "unknown_timezone"),
        (fields.Choice(["now"]), "NOW", "not_a_choice"),
        (fields.Choice(["now"]), ["now"], "not_a_choice"),
        (fields.Metadata(), "a", "object_expected"),
        (fields.Metadata(), {"a": 1}, "invalid_entry"),
        (fields.Metadata(), {"a" * 41: "b"}, "invalid_entry"),
        (fields.Metadata(), {str(one): "" for one in range(51)}, "too_many_items"),
        (fields.Email(), "a@b..c", "invalid_email"),
        (fields.Email(), "a\n@b.co", "invalid_characters"),
    ],
)
def test_every_other_form_is_refused(field: Field[Any, Any, Any, Any], sent: Any, code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        field.to_internal_value(sent)
    assert refused.value.get_codes() == [code]


def test_answers_are_written_in_one_form() -> None:
    assert fields.Instant().to_representation(datetime(2026, 1, 31, 12, tzinfo=UTC)) == "2026-01-31T12:00:00Z"
    assert PRICE.to_representation(Decimal("12.5000")) == "12.5"
    assert PRICE.to_representation(Decimal("1E+2")) == "100"
    assert fields.PublicId("sub").to_representation(ids.decode("sub", PUBLIC)) == PUBLIC
