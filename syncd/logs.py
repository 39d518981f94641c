"""The log: a sentence plus fields on standard error, for people on a terminal and as JSON lines otherwise.

Three things never get into it, whoever logs: secrets (known by value or by the name of the field), customers'
data from info level on, and raw control characters, with which a customer's name could fake a line.
structlog is loaded by the first line, because commands that log nothing should not pay for it.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import IO, Any, Literal

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["auto", "console", "json"]
Event = MutableMapping[str, Any]

HIDDEN = "[hidden]"
LEVELS: Mapping[str, int] = {"debug": 10, "info": 20, "warning": 30, "error": 40}

# A secret shorter than this would take innocent words with it.
_SHORTEST_SECRET = 4
_SECRET_NAMES = re.compile(
    r"(^|_)(authtoken|token|secret|password|passwd|authorization|cookie|api_?key|credential)s?($|_)",
    re.IGNORECASE,
)
_PERSONAL_NAMES = frozenset(
    {
        "email", "phone", "first_name", "last_name", "full_name", "company", "vat_number", "website", "birth_date",
        "gender", "notes", "street1", "street2", "city", "postal_code", "card", "payload", "value", "before", "after",
    }
)  # fmt: skip
_EMAIL = re.compile(r"[^\s@\"'<>(),;:=/]+(?:@|%40)[^\s@\"'<>(),;:/]+\.[^\s@\"'<>(),;:/]+")
_PHONE = re.compile(r"\+\d[\d .-]{6,18}\d")
# C0, DEL, C1, line and paragraph separators, and the marks that turn the direction of text
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")

_secrets: set[str] = set()
_lock = threading.Lock()
_wish: dict[str, Any] = {"level": "info", "format": "auto", "stream": None, "ready": False}
_context: ContextVar[Mapping[str, str]] = ContextVar("syncd_log")


class Logger:
    """What a module logs with: `LOG = Logger(__name__)`, then `LOG.info("Pulled a page", connection=…, rows=…)`."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def debug(self, sentence: str, **fields: Any) -> None:
        """Say what only somebody who looks for a fault wants to know."""
        self._say("debug", sentence, fields)

    def info(self, sentence: str, **fields: Any) -> None:
        """Say what was done."""
        self._say("info", sentence, fields)

    def warning(self, sentence: str, **fields: Any) -> None:
        """Say what mends itself, or should be seen to."""
        self._say("warning", sentence, fields)

    def error(self, sentence: str, **fields: Any) -> None:
        """Say what failed."""
        self._say("error", sentence, fields)

    def exception(self, sentence: str, **fields: Any) -> None:
        """Say what failed, with the traceback of the error being handled."""
        self._say("error", sentence, {**fields, "exc_info": True})

    def _say(self, level: Level, sentence: str, fields: Mapping[str, Any]) -> None:
        if LEVELS[level] < LEVELS[_wish["level"]]:
            return
        _get_ready()
        import structlog

        getattr(structlog.get_logger(self._name), level)(sentence, **fields)


def configure(level: Level = "info", format: Format = "auto", stream: IO[str] | None = None) -> None:  # noqa: A002
    """Say how this process logs, libraries included, and on which stream (standard error); the first line sets it up."""
    with _lock:
        _wish.update(level=level, format=format, stream=stream, ready=False)
        logging.getLogger().handlers[:] = [_FirstLine()]
        logging.captureWarnings(True)


class _FirstLine(logging.Handler):
    """Sets the log up when a library logs before we do."""

    def emit(self, record: logging.LogRecord) -> None:
        _get_ready()
        logging.getLogger().handle(record)


def _get_ready() -> None:
    import structlog

    with _lock:
        if _wish["ready"]:
            return
        out = _wish["stream"] or sys.stderr
        structlog.configure(
            processors=[*_shared(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
            wrapper_class=structlog.make_filtering_bound_logger(LEVELS[_wish["level"]]),
            logger_factory=structlog.stdlib.LoggerFactory(),
            cache_logger_on_first_use=False,
        )
        _library_log(out, _wish["level"], _renderer(_wish["format"], out))
        _wish["ready"] = True


def _shared() -> list[Any]:
    import structlog

    return [
        add_context,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        hide_personal,
        hide_secrets,
        escape_controls,
    ]


def _renderer(format: Format, out: IO[str]) -> Any:  # noqa: A002
    import structlog

    if format == "console" or (format == "auto" and out.isatty()):
        import os

        colours = out.isatty() and not os.environ.get("NO_COLOR")
        return structlog.dev.ConsoleRenderer(
            colors=colours, exception_formatter=structlog.dev.plain_traceback
        )
    return structlog.processors.JSONRenderer(serializer=_json)


def _json(event: Mapping[str, Any], **_: Any) -> str:
    import orjson

    first = {name: event[name] for name in ("timestamp", "level", "event") if name in event}
    return orjson.dumps({**first, **event}, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def _library_log(out: IO[str], level: Level, renderer: Any) -> None:
    """Send what libraries log through the same rules, from warnings on."""
    import structlog

    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_shared(),
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(LEVELS["warning"])
    logging.getLogger("syncd").setLevel(LEVELS[level])


@contextmanager
def bound(**context: str) -> Iterator[None]:
    """Add run, connection or customer to every line logged inside; to be entered anew in each thread."""
    token = _context.set({**_context.get({}), **context})
    try:
        yield
    finally:
        _context.reset(token)


def keep_secret(values: Iterable[str]) -> None:
    """Remember values that must never show in the log, wherever they turn up."""
    with _lock:
        _secrets.update(value for value in values if len(value) >= _SHORTEST_SECRET)


# --- the rules, as structlog calls them ----------------------------------------------------------


def add_context(_: object, __: str, event: Event) -> Event:
    """Add what is bound around a line, where the line itself does not say otherwise."""
    for name, value in _context.get({}).items():
        event.setdefault(name, value)
    return event


def hide_secrets(_: object, __: str, event: Event) -> Event:
    """Hide what is named like a secret, and every known secret wherever it stands."""
    for name, value in list(event.items()):
        del event[name]
        hidden = _SECRET_NAMES.search(str(name)) is not None
        event[without_secrets(str(name))] = HIDDEN if hidden else _deep(value, without_secrets)
    return event


def hide_personal(_: object, method: str, event: Event) -> Event:
    """Hide customers' data from info level on: fields named after it, e-mail addresses and phone numbers."""
    if method == "debug":
        return event
    for name, value in event.items():
        if name not in ("timestamp", "level"):
            event[name] = HIDDEN if name in _PERSONAL_NAMES else _deep(value, _without_personal)
    return event


def escape_controls(_: object, __: str, event: Event) -> Event:
    """Write control characters as escapes, so that one event is one line; a traceback keeps its lines."""
    for name, value in event.items():
        event[name] = (
            "\n".join(map(escaped, value.split("\n"))) if name == "exception" else _deep(value, escaped)
        )
    return event


def without_secrets(text: str) -> str:
    """Return text with every known secret hidden."""
    for secret in _secrets:
        if secret in text:
            text = text.replace(secret, HIDDEN)
    return text


def escaped(text: str) -> str:
    """Return text with control characters written as escapes."""
    if text.isprintable():
        return text
    return _CONTROL.sub(lambda match: match.group().encode("unicode_escape").decode("ascii"), text)


def _without_personal(text: str) -> str:
    if "@" in text or "%40" in text:
        text = _EMAIL.sub(HIDDEN, text)
    return _PHONE.sub(HIDDEN, text) if "+" in text else text


def _deep(value: Any, change: Callable[[str], str]) -> Any:
    match value:
        case str():
            return change(value)
        case dict():
            return {
                change(str(name)): HIDDEN if _SECRET_NAMES.search(str(name)) else _deep(each, change)
                for name, each in value.items()
            }
        case list() | tuple() | set() | frozenset():
            return [_deep(each, change) for each in value]
        case bool() | int() | float() | None:
            return value
    return change(str(value))
