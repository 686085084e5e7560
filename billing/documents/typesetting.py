"""Setting a document: its texts into the template, out comes a PDF.

The texts reach the template as data and never as markup. Nothing depends on the clock, the network or the order of
calls, and the fonts are our own as long as they have every letter: the same content is the same file, byte by byte.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any, Final, Literal, cast

import typst

from billing.documents.content import Content, Logo
from billing.documents.layout import laid_out

Format = Literal["pdf", "png"]

_HERE: Final = Path(__file__).parent
_TEMPLATE: Final = _HERE / "document.typ"
# For archives and for screen readers; what no font can show is forbidden in it.
_ARCHIVAL: Final = ("a-3a", "ua-1")


@dataclass(frozen=True, kw_only=True)
class _Way:
    """One way to set a document; the ways are tried in their order until one works."""

    with_machines_fonts: bool
    standards: tuple[str, ...]


_WAYS: Final = (
    _Way(with_machines_fonts=False, standards=_ARCHIVAL),
    _Way(with_machines_fonts=True, standards=_ARCHIVAL),
    _Way(with_machines_fonts=True, standards=("1.7",)),
)


def pdf(content: Content, *, font_folders: Sequence[str] = ()) -> bytes:
    """This function will set a document as PDF/A-3a and PDF/UA-1, or as a plain PDF where these cannot be kept.

    Fonts are our own and those in `font_folders`; the machine's are asked for letters that these do not have. Only a
    letter that no font has makes the PDF a plain one, in which it is a box. A logo that cannot be read is left out.
    """
    return _pages(content, tuple(font_folders), "pdf")[0]


def pictures(content: Content, *, font_folders: Sequence[str] = (), dots_per_inch: int = 96) -> list[bytes]:
    """This function will set a document as one PNG a page, to be looked at."""
    return _pages(content, tuple(font_folders), "png", dots_per_inch)


def _pages(content: Content, folders: tuple[str, ...], form: Format, ppi: int = 96) -> list[bytes]:
    texts = laid_out(content)
    refused: typst.TypstError | None = None
    for logo, way in product(dict.fromkeys((content.logo, None)), _WAYS):
        try:
            made = _compiler(folders, way.with_machines_fonts).compile(
                format=form,
                ppi=ppi,
                sys_inputs={"content": json.dumps(texts | {"logo": _as_data(logo)}, ensure_ascii=False)},
                pdf_standards=cast(Any, list(way.standards)),
                timestamp=content.issued_at.replace(microsecond=0),
            )
        except typst.TypstError as failure:
            refused = failure
        else:
            return cast(list[bytes], made if isinstance(made, list) else [made])
    raise cast(typst.TypstError, refused)


def _as_data(logo: Logo | None) -> dict[str, Any] | None:
    return None if logo is None else {"format": logo.format, "data": list(logo.data)}


@cache
def _compiler(folders: tuple[str, ...], with_machines_fonts: bool) -> typst.Compiler:
    # The fonts are read once per process: looking for them takes longer than setting a page.
    return typst.Compiler(
        input=str(_TEMPLATE), root=str(_HERE), font_paths=[*_fonts(), *folders],
        ignore_system_fonts=not with_machines_fonts,
    )  # fmt: skip


def _fonts() -> list[str]:
    carried = find_spec("noto_cjk_sans_otc")
    chinese_japanese_korean = list(carried.submodule_search_locations or ()) if carried else []
    return [str(_HERE / "fonts"), *chinese_japanese_korean]
