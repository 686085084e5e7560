"""Tax ids: checked by their own digits, and whose country they are of."""

import pytest

from core import tax_ids


@pytest.mark.parametrize(
    ("scheme", "given", "kept"),
    [
        ("eu_vat", "DE 136 695 976", "DE136695976"),
        ("eu_vat", "EL094259216", "EL094259216"),
        ("eu_vat", "ATU13585627", "ATU13585627"),
        ("gb_vat", "GB 980 7806 84", "980780684"),
        ("ch_vat", "CHE-107.787.577 IVA", "CHE107787577IVA"),
        ("no_vat", "NO 995 525 828 MVA", "995525828MVA"),
        ("au_abn", "83 914 571 673", "83914571673"),
        ("in_gst", "27AAPFU0939F1ZV", "27AAPFU0939F1ZV"),
        ("us_ein", "91-1144442", "911144442"),
        ("xx_new", "AS 1-2.3", "AS 1-2.3"),
    ],
)
def test_an_id_is_kept_compact(scheme: str, given: str, kept: str) -> None:
    assert tax_ids.checked([{"type": scheme, "value": given}]) == [{"type": scheme, "value": kept}]


@pytest.mark.parametrize(
    ("scheme", "value"),
    [("eu_vat", "DE136695977"), ("eu_vat", "US136695976"), ("gb_vat", "980780685"), ("au_abn", "99999999999")],
)
def test_a_wrong_id_is_named(scheme: str, value: str) -> None:
    right = {"type": "eu_vat", "value": "DE136695976"}
    with pytest.raises(tax_ids.TaxIdInvalid) as caught:
        tax_ids.checked([right, {"type": scheme, "value": value}])
    assert caught.value.members == {"tax_id": 2, "scheme": scheme}


@pytest.mark.parametrize(
    ("scheme", "value", "country"),
    [
        ("eu_vat", "DE136695976", "DE"), ("eu_vat", "EL094259216", "GR"), ("eu_vat", "DE136695977", ""),
        ("gb_vat", "GB980780684", ""), ("xx_new", "DE136695976", ""),
    ],
)  # fmt: skip
def test_a_vat_id_is_of_a_member_state(scheme: str, value: str, country: str) -> None:
    assert tax_ids.vat_country(scheme, value) == country


def test_the_union_has_27_members() -> None:
    assert len(tax_ids.EU) == 27
    assert not {"GB", "XI", "EL", "CH", "NO"} & tax_ids.EU


def test_every_scheme_is_known_to_the_library() -> None:
    assert len(tax_ids._SCHEMES) > 20
    assert not any(tax_ids.is_valid(scheme, "?") for scheme in tax_ids._SCHEMES)
