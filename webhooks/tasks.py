"""The jobs of webhooks."""

from uuid import UUID

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction

from jobs.services import job
from webhooks import internal
from webhooks.addresses import host_of
from webhooks.models import POLICY, Endpoint

TEXT = """Hello,

we have stopped sending events to {url}, because {why}.

Once it accepts requests again, enable the endpoint {endpoint}. What happened meanwhile is not lost: ask for it with
POST {base}/api/v1/webhook-endpoints/{endpoint}/resend.
"""
WHY = {"gone": "it answered that it is gone (410)", "failing": "every attempt of the last five days failed"}


@job("webhooks.deliver", queue="q:out:webhooks", policy=POLICY, refers={"delivery": "webhooks.delivery"})
def deliver(*, delivery: str, **_: object) -> None:
    """This job will make one attempt at a delivery."""
    internal.deliver(delivery_id=UUID(delivery))


@job("webhooks.tell_owner", queue="q:mail", policy="queue", refers={"endpoint": "webhooks.endpoint"})
def tell_owner(*, endpoint: str, **_: object) -> None:
    """This job will mail the owner of an endpoint that the house has disabled; nothing if it is enabled again."""
    with transaction.atomic():
        row = Endpoint.objects.get(pk=UUID(endpoint))
    if row.is_enabled or not row.contact_email:
        return
    # Without path and query, which may hold a token.
    host = host_of(row.url)
    text = TEXT.format(url=host, why=WHY.get(row.reason, row.reason), endpoint=row.public_id, base=settings.PUBLIC_URL)
    send_mail(f"Webhooks to {host} are disabled", text, settings.DEFAULT_FROM_EMAIL, [row.contact_email])
