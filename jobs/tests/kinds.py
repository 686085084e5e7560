"""Kinds of jobs that exist only in tests."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from threading import Event

from django.db import transaction

from core import clock, errors
from jobs.registry import job
from jobs.services import RetryAfter, enqueue

# What has been done, by payload; a test clears it first.
done: list[dict[str, str]] = []


@job("test.note", queue="q:mail", policy="billing")
def note(**payload: str) -> None:
    done.append(payload)


@job("test.fail", queue="q:mail", policy="billing")
def fail(**_: str) -> None:
    raise RuntimeError("the receiver said Bearer abcdefghijk1mnop")


@job("test.refuse", queue="q:mail", policy="billing")
def refuse(**_: str) -> None:
    raise errors.Conflict


@job("test.wait", queue="q:mail", policy="billing")
def wait(**_: str) -> None:
    raise RetryAfter(3600, "come back in an hour")


@job("test.clock", queue="q:mail", policy="billing")
def tell_time(*, name: str, **_: str) -> None:
    done.append({"name": name, "at": clock.now().isoformat()})


@job("test.chain", queue="q:mail", policy="billing")
def write_the_next(*, left: str, **_: str) -> None:
    """Do the same again in ten days, as renewals do."""
    done.append({"left": left, "at": clock.now().isoformat()})
    if int(left):
        with transaction.atomic():
            again = clock.now() + timedelta(days=10)
            enqueue("test.chain", payload={"left": str(int(left) - 1)}, key=left, run_at=again)


@job("test.closed", queue="q:mail", policy="billing")
def closed(**_: str) -> None:
    raise errors.Unavailable


@job("test.strict", queue="q:mail", policy="billing")
def strict(*, name: str) -> None:
    done.append({"name": name})


@job("test.hold", queue="q:mail", policy="billing")
def hold(*, folder: str, **_: str) -> None:
    """Say that it has begun, and end when it is told to."""
    (Path(folder) / "begun").touch()
    pause = Event()
    while not (Path(folder) / "go").exists():
        pause.wait(0.02)


def note_together(ids: Sequence[str]) -> list[str]:
    """Do all but those that want to be alone, and none if one is bad."""
    if "bad" in ids:
        raise RuntimeError("one of them is bad")
    done.append({"together": " ".join(one for one in ids if one != "alone")})
    return [one for one in ids if one == "alone"]


@job("test.together", queue="q:mail", policy="billing", together=note_together)
def note_alone(*, id: str, **_: str) -> None:  # noqa: A002 - the payload of every duty
    if id == "bad":
        raise RuntimeError("it is bad by itself, too")
    done.append({"alone": id})
