"""The commands that make up the house, and how to ask whether they answer."""

import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field

from celery import Celery

WORKER = "local@perennial"
# Headers of at most 16 KiB, within ten seconds. docker/entrypoint.sh says the same.
LIMITS = ("--http1-buffer-size", "16384", "--http1-header-read-timeout", "10000")


def _migrate() -> list[str]:
    return [sys.executable, "manage.py", "migrate", "--no-input", "--verbosity", "1"]


def _load_demo() -> list[str]:
    return [sys.executable, "manage.py", "load_demo"]


def _web(port: int) -> list[str]:
    # In a container the published port does not arrive at the loopback address.
    address = ["--host", os.environ.get("HOST", "127.0.0.1"), "--port", str(port)]
    size = ["--workers", os.environ.get("WEB_WORKERS", "2"), "--blocking-threads", "4", *LIMITS]
    return [sys.executable, "-m", "granian", "--interface", "wsgi", "config.wsgi:application", *address, *size]


def _worker() -> list[str]:
    return [sys.executable, "-m", "celery", "-A", "config", "worker", "-n", WORKER, "--concurrency", "2", "-l", "INFO"]


def _beat() -> list[str]:
    return [sys.executable, "-m", "celery", "-A", "config", "beat", "--pidfile=", "-l", "INFO"]


def worker_answers(broker_url: str) -> bool:
    """Ping the worker; this function will ask the broker, so a true answer means that messages arrive."""
    with Celery(broker=broker_url, set_as_current=False) as app:
        return bool(app.control.ping(destination=[WORKER], timeout=0.3, limit=1))


def web_answers(url: str) -> bool:
    """Ask a page; this function will be true when it answers 200, passing by any proxy."""
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


@dataclass(frozen=True, kw_only=True)
class House:
    """The commands of one house; `load_demo` prints a JSON object on its last line."""

    migrate: list[str] = field(default_factory=_migrate)
    load_demo: list[str] = field(default_factory=_load_demo)
    web: Callable[[int], list[str]] = _web
    worker: list[str] = field(default_factory=_worker)
    beat: list[str] = field(default_factory=_beat)
    worker_answers: Callable[[str], bool] = worker_answers
