"""Refusals, counted by who was refused from where within a minute, so that a flood of them cannot fill the disk."""

from datetime import datetime
from typing import Final

from django.db import connection

from audit import services
from audit.models import Denial, Entry
from core import clock, context, ids, tenancy
from core.http import client_ip

# So many refusals of one actor from one address within one minute are entries of their own; the rest are counted.
IN_FULL: Final = 10

_COUNT = """
    INSERT INTO audit_denial (id, environment_id, minute, address, actor, code, status, number)
    VALUES (%s, %s, %s, %s, %s, %s, %s, 1)
    ON CONFLICT (environment_id, minute, address, actor, code) DO UPDATE SET number = audit_denial.number + 1
    RETURNING number
"""


# Refusals that have a name of their own.
_ACTIONS: Final = {"/api/v1/admin/purge": "admin.purge"}


def record(*, actor: str, code: str, status: int) -> None:
    """This function will write an entry for a refusal, or count it when its minute has seen enough of them."""
    if _count(actor, code, status) <= IN_FULL:
        meta = {"code": code, "status": status}
        action = _ACTIONS.get(context.current().path, "request.denied")
        services.record(action=action, target="", actor=actor, outcome=Entry.Outcome.DENIED, meta=meta)


def tell(row: Denial) -> None:
    """This function will write the one entry of the refusals that were only counted."""
    meta = {"code": row.code, "status": row.status, "more": row.number - IN_FULL, "minute": row.minute.isoformat()}
    with context.entered(client_ip=row.address.partition("/")[0], method="", path="", request_id=""):
        services.record(action="request.denied", target="", actor=row.actor, outcome=Entry.Outcome.DENIED, meta=meta)


def _count(actor: str, code: str, status: int) -> int:
    address = context.current().client_ip
    network = client_ip.limit_key(address) if address else ""
    values = (ids.new(), tenancy.environment_id(), _minute(), network, actor, code, status)
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, values)
        (number,) = cursor.fetchone()
    return int(number)


def _minute() -> datetime:
    return clock.wall().replace(second=0, microsecond=0)
