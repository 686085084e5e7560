"""Gift codes."""

import re

from gifts import codes

SHAPE = r"[0-9A-HJKMNP-TV-Z]{5}(-[0-9A-HJKMNP-TV-Z]{5}){4}"


def test_a_code_is_25_characters_that_nobody_mistakes():
    code = codes.new()
    assert re.fullmatch(SHAPE, code)
    assert len(codes.normalize(code)) == 25
    assert not set("ILOU") & set(code)


def test_codes_do_not_repeat():
    assert len({codes.new() for _ in range(1000)}) == 1000


def test_however_a_code_is_typed_it_is_the_same_code():
    code = "0123A-BCDE1-FGHJK-MNPQR-STVWX"
    for typed in ("0123a-bcde1-fghjk-mnpqr-stvwx", "O123A BCDEL FGHJK MNPQR STVWX", " 0123abcdeifghjkmnpqrstvwx "):
        assert codes.digest(typed, pepper="p") == codes.digest(code, pepper="p")


def test_without_the_pepper_a_hash_says_nothing():
    assert codes.digest("A", pepper="one") != codes.digest("A", pepper="two")
