"""Reference pages written from the code itself: every fact, every problem, every variable."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path

from core import errors, events, problems

Page = Callable[[], str]
# Pages that apps write about themselves: file name in docs/ → what is in it.
PAGES: dict[str, Page] = {}

HEAD = "<!-- Written by `manage.py write_reference`; do not edit. -->\n\n"


def page(name: str) -> Callable[[Page], Page]:
    """This function will have the function below written to a page of `docs/` with the others."""

    def register(write: Page) -> Page:
        PAGES[name] = write
        return write

    return register


def events_page() -> str:
    """This function will return the page of all facts: type, version, meaning, and the fields of `data`."""
    lines = ["# Facts\n", "What the event feed and the webhook endpoints are told. The envelope is `id`, `sequence`,"]
    lines += ["`type`, `version`, `subject`, `actor`, `at`, `request_id` and `data`; these are the fields of `data`.\n"]
    lines += ["| type | version | what happened | data |", "|---|---|---|---|"]
    lines += [_event_row(kind) for name, kind in sorted(events.types().items()) if not name.startswith("test.")]
    return HEAD + "\n".join(lines) + "\n"


def _event_row(kind: type[events.Event]) -> str:
    envelope = {field.name for field in fields(events.Event)}
    own = ", ".join(f"`{field.name}`" for field in fields(kind) if field.name not in envelope)
    return f"| `{kind.type}` | {kind.version} | {_first_sentence(kind)} | {own} |"


def _first_sentence(kind: type) -> str:
    return " ".join((kind.__doc__ or "").split("\n\n")[0].split())


def problems_page() -> str:
    """This function will return the page of all problems: code, status, title."""
    lines = ["# Problems\n", "Every refusal is an `application/problem+json` document with `type`, `title`, `status`,"]
    lines += ["`detail`, `code`, `request_id` and the refusal's own members. The code is stable.\n"]
    lines += ["| code | status | title |", "|---|---|---|"]
    rows = {(kind.code, problems.status_of(kind.__new__(kind)), kind.title) for kind in _refusals(errors.Refusal)}
    lines += [f'| <a id="{code}"></a>`{code}` | {status} | {title} |' for code, status, title in sorted(rows)]
    return HEAD + "\n".join(lines) + "\n"


def _refusals(base: type[errors.Refusal]) -> Iterator[type[errors.Refusal]]:
    for kind in base.__subclasses__():
        if ".tests." not in kind.__module__:
            yield kind
            yield from _refusals(kind)


@dataclass(frozen=True, kw_only=True)
class Variable:
    """One environment variable as the settings read it, with the comment above or beside it."""

    name: str
    kind: str
    default: str
    comment: str


def configuration_page(settings: Path) -> str:
    """This function will return the page of all environment variables that a settings file reads."""
    lines = ["# Configuration\n", "Everything is set by environment variables. In production no secret has a default:"]
    lines += ["the service refuses to start and names what is missing.\n"]
    lines += ["| variable | type | default | |", "|---|---|---|---|"]
    lines += [f"| `{one.name}` | {one.kind} | {one.default} | {one.comment} |" for one in variables(settings)]
    return HEAD + "\n".join(lines) + "\n"


def variables(settings: Path) -> list[Variable]:
    """This function will return what a settings file reads through `env`, by name."""
    source = settings.read_text()
    lines = source.splitlines()
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and _reads(node)]
    found = {_variable(call, lines).name: _variable(call, lines) for call in calls}
    return [found[name] for name in sorted(found)]


def _reads(call: ast.Call) -> bool:
    function = call.func
    return isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "env"


def _variable(call: ast.Call, lines: list[str]) -> Variable:
    (name,) = (argument.value for argument in call.args[:1] if isinstance(argument, ast.Constant))
    default = next((ast.unparse(word.value) for word in call.keywords if word.arg == "default"), "")
    # A default secret is public all the same, but a page that prints it invites somebody to use it.
    shown = "" if str(name).endswith(("SECRET", "SECRETS", "_KEY", "KEYS", "PEPPER")) else default.replace("|", "\\|")
    kind = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    return Variable(name=str(name), kind=kind, default=f"`{shown}`" if shown else "", comment=_comment(call, lines))


def _comment(call: ast.Call, lines: list[str]) -> str:
    beside = lines[call.lineno - 1].partition("  # ")[2]
    above: list[str] = []
    for line in reversed(lines[: call.lineno - 1]):
        if not line.strip().startswith("#"):
            break
        above.insert(0, line.strip().lstrip("# "))
    return (beside or " ".join(above)).replace("|", "\\|")
