"""The sealer's Celery face."""

from celery import shared_task

from audit import internal


@shared_task(name="audit.seal")
def seal(**_: object) -> None:
    """This task will seal what is waiting, everywhere."""
    internal.seal()
