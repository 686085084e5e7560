"""The audit log's Celery faces."""

from celery import shared_task

from audit import internal


@shared_task(name="audit.seal")
def seal(**_: object) -> None:
    """This task will seal what is waiting, everywhere, and write it to the file beside the database."""
    internal.seal()
    internal.write_sink()


@shared_task(name="audit.checkpoint")
def checkpoint(**_: object) -> None:
    """This task will sign the end of every chain."""
    internal.checkpoint()


@shared_task(name="audit.fold_denials")
def fold_denials(**_: object) -> None:
    """This task will fold the refusals of minutes that are over into one entry each."""
    internal.fold_denials()


# Streams every entry there is: some minutes for tens of millions.
@shared_task(name="audit.verify", time_limit=3000)
def verify(**_: object) -> None:
    """This task will verify what is new in every chain, and everything once a day."""
    internal.verify_chains()


# Short transactions one after the other: a database that was never purged has many.
@shared_task(name="audit.purge", time_limit=3000)
def purge(**_: object) -> None:
    """This task will take the rows whose use has been over long enough."""
    internal.purge_daily()
