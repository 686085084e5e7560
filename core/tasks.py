"""Core's Celery faces."""

from celery import shared_task

from core.idempotency import completing


@shared_task(name="core.complete_abandoned")
def complete_abandoned(**_: object) -> None:
    """This task will take requests to their end whose process died while a gateway was asked."""
    completing.complete_abandoned()
