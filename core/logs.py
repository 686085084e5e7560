"""Logs are JSON lines: one event, its facts, the request it belongs to, and no secrets."""

import logging
from collections.abc import MutableMapping
from typing import Any

import orjson
import structlog

from core.redaction import redact, redact_lines, redact_text

# What is ours in a line; the rest comes from whoever logs, and is looked at before it is written.
_OURS = frozenset({"level", "timestamp", "logger", "event", "exception", "_record", "_from_structlog"})
# A traceback's end says what went wrong; its beginning is the framework's.
_LONGEST_EXCEPTION = 16_000


def redacted(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """This function will replace secrets in a log line, wherever they were put: members, message, traceback."""
    foreign = {name: value for name, value in line.items() if name not in _OURS}
    line.update(redact(foreign))
    line["event"] = redact_text(str(line.get("event", "")))
    if "exception" in line:
        line["exception"] = redact_lines(str(line["exception"]))[-_LONGEST_EXCEPTION:]
    return line


SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    redacted,
]


def configure() -> None:
    """This function will let structlog write through the standard library, whose lines then look the same."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _written(line: Any, **_: Any) -> str:
    return orjson.dumps(line, default=str).decode()


def formatter() -> logging.Formatter:
    """This function will return the formatter that turns every record into one JSON line."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(serializer=_written),
        ],
    )


def handlers(level: str) -> dict[str, Any]:
    """This function will return Django's LOGGING setting for a threshold such as `INFO`."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "core.logs.formatter"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # The access log has the line already; Django's own copy would come without the request's id.
            "django.request": {"level": "CRITICAL"},
            "django.server": {"level": "WARNING"},
            "django.security.DisallowedHost": {"level": "CRITICAL"},
        },
    }
