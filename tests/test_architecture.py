"""The house rules that a machine can check, and the proof that each of them is able to fail.

The import contracts live in .importlinter. Here every contract is broken once on purpose, in a copy of the tree.
"""

import ast
import configparser
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.house import ROOT, command, tool

LINTER = configparser.ConfigParser()
LINTER.read(ROOT / ".importlinter", encoding="utf-8")
PACKAGES = LINTER["importlinter"]["root_packages"].split()
APPS = [package for package in PACKAGES if package not in {"core", "config", "local"}]
CONTRACTS = {
    section.rpartition(":")[2]: LINTER[section]["name"]
    for section in LINTER.sections()
    if section.startswith("importlinter:contract:")
}

# contract, the module that offends, what it imports
BREAKS = [
    ("layers", "catalog.services", "billing.services"),
    ("layers", "accounts.services", "webhooks.services"),
    ("layers", "payments.services", "usage.services"),
    ("layers", "audit.receivers", "outbox.services"),
    ("layers", "usage.handlers", "config.urls"),
    ("kernel", "core.events", "accounts.services"),
    ("borders", "subscriptions.services", "billing.models"),
    ("borders", "subscriptions.services", "billing.api"),
    ("borders", "subscriptions.handlers", "billing.tasks"),
    ("borders", "subscriptions.admin", "catalog.admin"),
    ("borders", "subscriptions.services", "catalog.pricing"),
    ("borders", "subscriptions.tasks", "billing.tests"),
    ("wiring", "config.urls", "billing.services"),
    ("webhooks", "payments.services", "webhooks.services"),
    ("api-internal", "billing.api", "billing.internal"),
    ("api-internal", "subscriptions.api", "billing.internal"),
    ("api-internal", "billing.api", "billing.tasks"),
    ("api-system-scope", "accounts.api", "core.tenancy.system"),
    ("verbs", "billing.services", "billing.tasks"),
    ("verbs", "billing.internal", "billing.handlers"),
    ("verbs", "billing.internal", "billing.api"),
    ("verbs", "billing.services", "billing.admin"),
    ("models", "billing.models", "billing.services"),
    ("facts", "billing.signals", "billing.models"),
    ("http", "billing.services", "rest_framework"),
    ("celery", "billing.internal", "celery"),
    ("pure", "core.money", "django"),
    ("pure", "billing.arithmetic", "billing.models"),
    ("launcher", "accounts.services", "local"),
    ("launcher-alone", "local", "billing.services"),
]
ALLOWED = [
    ("subscriptions.services", "billing.internal"),
    ("subscriptions.services", "catalog.selectors"),
    ("subscriptions.handlers", "billing.signals"),
    ("audit.receivers", "jobs.services"),
    ("outbox.internal", "featureflags.services"),
    ("billing.api", "billing.services"),
    ("billing.tasks", "core.tenancy.system"),
    ("config.urls", "billing.api"),
    ("billing.tests", "subscriptions.models"),
    ("tests", "local"),
]


def sources(*, tests: bool = False) -> Iterator[Path]:
    """This function will yield the house's own Python files, migrations apart."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts and (tests or "tests" not in path.parts):
                yield path


# ---------------------------------------------------------------- import contracts


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the .py files, to which an offense may be done."""
    copy = tmp_path_factory.mktemp("house")
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            target = copy / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    shutil.copyfile(ROOT / ".importlinter", copy / ".importlinter")
    return copy


def module_file(tree: Path, module: str) -> Path:
    """This function will return the file of a module of the copy, making an empty one where there is none."""
    place = tree.joinpath(*module.split("."))
    for candidate in (place.with_suffix(".py"), place / "__init__.py"):
        if candidate.exists():
            return candidate
    for folder in reversed(place.relative_to(tree).parents[:-1]):
        (tree / folder).mkdir(exist_ok=True)
        (tree / folder / "__init__.py").touch()
    place.with_suffix(".py").touch()
    return place.with_suffix(".py")


def lint(tree: Path, *contracts: str) -> str:
    """This function will return what lint-imports says about the copy: all contracts, or those named."""
    chosen = [argument for contract in contracts for argument in ("--contract", contract)]
    outcome = command(tool("lint-imports"), "--no-logo", "--cache-dir", str(tree / ".cache"), *chosen, cwd=tree)
    assert "contracts:" in outcome.stdout.lower(), outcome.stdout + outcome.stderr
    return outcome.stdout


def import_into(tree: Path, importer: str, imported: str) -> tuple[Path, str]:
    """This function will add an import to a module of the copy and return the file and its text from before."""
    if imported.split(".")[0] in PACKAGES:
        module_file(tree, imported)
    path = module_file(tree, importer)
    before = path.read_text(encoding="utf-8")
    path.write_text(f"{before}\nimport {imported}\n", encoding="utf-8")
    return path, before


def test_the_house_keeps_its_contracts(tree: Path) -> None:
    said = lint(tree)
    assert f"{len(CONTRACTS)} kept, 0 broken" in said, said


def test_every_contract_is_broken_once_on_purpose() -> None:
    assert {contract for contract, _, _ in BREAKS} == set(CONTRACTS)


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_contract_notices_each_offense(tree: Path, contract: str) -> None:
    offenses = [(importer, imported) for broken, importer, imported in BREAKS if broken == contract]
    changed = [import_into(tree, importer, imported) for importer, imported in offenses]
    try:
        said = lint(tree, contract)
    finally:
        for path, before in reversed(changed):
            path.write_text(before, encoding="utf-8")
    assert f"{CONTRACTS[contract]} BROKEN" in said
    said_of = [f"{importer} -> {imported} (l." for importer, imported in offenses]
    assert [one for one in said_of if one not in said] == [], said


def test_what_the_architecture_allows_breaks_nothing(tree: Path) -> None:
    changed = [
        import_into(tree, importer, imported) for importer, imported in ALLOWED if importer.split(".")[0] in PACKAGES
    ]
    try:
        said = lint(tree)
    finally:
        for path, before in reversed(changed):
            path.write_text(before, encoding="utf-8")
    assert f"{len(CONTRACTS)} kept, 0 broken" in said, said


# ---------------------------------------------------------------- rules on the syntax tree

MONEY = ("billing", "catalog", "gifts", "payments", "subscriptions", "usage", "core/money.py", "core/periods.py")
# Django wants the receivers of an app imported when the app is ready, not before.
LATE_IMPORTS = ("apps.py",)


def calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str]]:
    """This function will yield every call with the last part of the called name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                yield node, f".{node.func.attr}"
            elif isinstance(node.func, ast.Name):
                yield node, node.func.id


def talks_to_celery(place: str, tree: ast.AST) -> list[int]:
    """Only jobs and outbox hand work to Celery: a message is a wake-up for a row that exists already."""
    if place.startswith(("jobs/", "outbox/")):
        return []
    senders = {".delay", ".apply_async", ".send_task"}
    return [call.lineno for call, name in calls(tree) if name in senders]


def schedules_in_the_broker(place: str, tree: ast.AST) -> list[int]:
    """The database schedules: a message with an ETA beyond the visibility timeout would be delivered for ever."""
    if place.startswith("local/"):
        return []
    promises = {"eta", "countdown"}
    return [
        call.lineno
        for call, name in calls(tree)
        if name == ".retry" or (promises & {keyword.arg for keyword in call.keywords})
    ]


def rounds(place: str, tree: ast.AST) -> list[int]:
    """Python's round() rounds half to even; money rounds half away from zero, at stated points."""
    if not place.startswith(MONEY):
        return []
    return [call.lineno for call, name in calls(tree) if name == "round"]


def floats(place: str, tree: ast.AST) -> list[int]:
    """Money, quantities and rates are integers and decimals."""
    if not place.startswith(MONEY):
        return []
    literals = [n.lineno for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, float)]
    return literals + [call.lineno for call, name in calls(tree) if name in {"float", "FloatField", ".FloatField"}]


def imports_late(place: str, tree: ast.AST) -> list[int]:
    """An import inside a function dodges the contracts' reader and hides a cycle."""
    if place.endswith(LATE_IMPORTS):
        return []
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [
        node.lineno
        for node in (inner for function in functions for inner in ast.walk(function))
        if (isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").split(".")[0] in PACKAGES))
        or (isinstance(node, ast.Import) and any(alias.name.split(".")[0] in PACKAGES for alias in node.names))
    ]


def leaves_its_environment(place: str, tree: ast.AST) -> list[int]:
    """No route may name the system scope, whatever way it was imported."""
    if "/api/" not in f"/{place}":
        return []
    return [
        node.lineno
        for node in ast.walk(tree)
        if (isinstance(node, ast.Name) and node.id == "system_scope")
        or (isinstance(node, ast.Attribute) and node.attr == "system_scope")
        or (isinstance(node, ast.alias) and node.name == "system_scope")
    ]


Rule = Callable[[str, ast.AST], list[int]]
RULES: list[tuple[Rule, str, str]] = [
    (talks_to_celery, "billing/services.py", "renew.delay(1)"),
    (talks_to_celery, "billing/tasks.py", "renew.apply_async(args=[1])"),
    (talks_to_celery, "config/celery.py", "app.send_task('renew')"),
    (schedules_in_the_broker, "jobs/nudges.py", "current_app.send_task('renew', countdown=60)"),
    (schedules_in_the_broker, "outbox/tasks.py", "renew.apply_async(eta=tomorrow)"),
    (schedules_in_the_broker, "jobs/tasks.py", "self.retry(exc=error)"),
    (rounds, "billing/arithmetic.py", "total = round(amount, 2)"),
    (floats, "billing/arithmetic.py", "rate = 0.1"),
    (floats, "catalog/pricing.py", "rate = float(text)"),
    (floats, "core/money.py", "rate = 1e3"),
    (floats, "usage/models.py", "value = models.FloatField()"),
    (imports_late, "billing/services.py", "def charge():\n    from payments import internal"),
    (imports_late, "billing/services.py", "def charge():\n    import payments.internal"),
    (imports_late, "billing/services/_charge.py", "def charge():\n    from . import _void"),
    (leaves_its_environment, "billing/api/views.py", "from core.tenancy.system import system_scope"),
    (leaves_its_environment, "billing/api/views.py", "tenancy.system.system_scope('why')"),
]


@pytest.fixture(scope="module")
def parsed() -> list[tuple[str, ast.AST]]:
    """The house's own files, read once for all rules."""
    return [(path.relative_to(ROOT).as_posix(), ast.parse(path.read_bytes())) for path in sources()]


@pytest.mark.parametrize("rule", {rule: None for rule, _, _ in RULES})
def test_the_house_keeps_its_rules(rule: Rule, parsed: list[tuple[str, ast.AST]]) -> None:
    assert [f"{place}:{line}" for place, tree in parsed for line in rule(place, tree)] == [], rule.__doc__


@pytest.mark.parametrize(("rule", "place", "offense"), RULES)
def test_a_rule_notices_an_offense(rule: Rule, place: str, offense: str) -> None:
    assert rule(place, ast.parse(offense)) != []


# ---------------------------------------------------------------- layout


def test_files_stay_small() -> None:
    long = {
        path.relative_to(ROOT).as_posix(): lines
        for path in sources()
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 350
    }
    assert long == {}, "make it a package of verbs"


def test_no_file_is_named_after_nothing() -> None:
    nothing = {"utils", "util", "helpers", "helper", "common", "misc"}
    assert [path for path in sources(tests=True) if nothing & {path.stem, path.parent.name}] == []


@pytest.mark.parametrize("app", [*APPS, "core"])
def test_every_app_has_tests(app: str) -> None:
    assert list((ROOT / app / "tests").rglob("test_*.py")) != []


def test_every_folder_of_python_is_a_package_that_the_contracts_see() -> None:
    folders = {path.parent for package in PACKAGES for path in (ROOT / package).rglob("*.py")}
    assert [folder for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_no_app_is_unknown_to_the_contracts() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages - {"tests", "benchmarks", "proof"} == set(PACKAGES)


def test_only_outbox_and_audit_receive_inside_the_transaction() -> None:
    assert {path.parts[-2] for path in ROOT.glob("*/receivers.py")} <= {"outbox", "audit"}
