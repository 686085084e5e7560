"""How requests that ask a gateway are getting on."""

from typing import Any

from django.db import connection

from core.health import DEGRADED, HEALTHY, component

_STANDING = """
SELECT count(*) AS in_flight,
       count(*) FILTER (WHERE locked_until <= clock_timestamp()) AS abandoned,
       count(*) FILTER (WHERE created_at < clock_timestamp() - interval '24 hours') AS stuck,
       COALESCE(floor(extract(epoch FROM clock_timestamp() - min(created_at))), 0)::int AS oldest_s
FROM core_idempotencyrecord WHERE state = 'in_flight'
"""


@component("idempotency")
def standing() -> dict[str, Any]:
    """This function will count requests under way: left by their process, and open for more than a day."""
    with connection.cursor() as cursor:
        cursor.execute(_STANDING)
        names = [column.name for column in cursor.description or ()]
        found = dict(zip(names, cursor.fetchone(), strict=True))
    return found | {"status": DEGRADED if found["stuck"] else HEALTHY}
