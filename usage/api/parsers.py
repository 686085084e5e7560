"""Bodies of the ingestion routes, which may come compressed."""

import io
import zlib
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings

from core.http import refusals
from core.http.json import StrictJSONParser

# 16 makes zlib expect gzip's header and check its sum.
_GZIP = 16 + zlib.MAX_WBITS


class IngestionParser(StrictJSONParser):
    """Strict JSON, as it is or with `Content-Encoding: gzip`. What comes out is limited, not only what goes in."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """This function will return the body as primitives; see `StrictJSONParser.parse`.

        :raises TooLarge: if it is larger than the limit when it is unpacked.
        :raises UnsupportedMedia: for another encoding.
        """
        encoding = _encoding(parser_context)
        if encoding == "gzip":
            stream = io.BytesIO(gunzip(stream.read(), limit=settings.INGESTION_BODY_LIMIT))
        elif encoding != "identity":
            raise refusals.UnsupportedMedia("The body may be compressed with gzip, in no other way.")
        return super().parse(stream, media_type, parser_context)


def gunzip(packed: bytes, *, limit: int) -> bytes:
    """This function will unpack one gzip member of at most `limit` bytes; no byte beyond is ever produced.

    :raises MalformedJson: if it is not one whole gzip member.
    :raises TooLarge: if there is more in it.
    """
    engine = zlib.decompressobj(_GZIP)
    try:
        found = engine.decompress(packed, limit + 1)
    except zlib.error:
        raise refusals.MalformedJson("The body is not valid gzip.") from None
    if len(found) > limit:
        raise refusals.TooLarge(limit_bytes=limit)
    if not engine.eof or engine.unused_data:
        raise refusals.MalformedJson("The body is not one whole gzip member.")
    return found


def _encoding(context: Mapping[str, Any] | None) -> str:
    sent = "" if context is None else context["request"].META.get("HTTP_CONTENT_ENCODING", "")
    return str(sent).strip().lower() or "identity"
