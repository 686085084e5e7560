"""The files around the code name things that exist: compose, .env.example, pins, hooks, workflow, pages."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands

from tests.house import ROOT, command, text, tool


def compose() -> dict[str, Any]:
    """This function will return docker-compose.yml with its anchors resolved and its variables as written."""
    document: dict[str, Any] = yaml.safe_load(text("docker-compose.yml"))
    return document


SERVICES: dict[str, dict[str, Any]] = compose()["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
EXAMPLE = dict(re.findall(r"^#?([A-Z][A-Z0-9_]*)=(.*)$", text(".env.example"), re.MULTILINE))
READ_BY_SETTINGS = set(re.findall(r"""\benv(?:\.\w+)?\(\s*["']([A-Z][A-Z0-9_]*)["']""", text("config/settings.py")))
# Retired secrets only verify; production may start without any.
SECRETS = sorted(
    name for name in READ_BY_SETTINGS if "change-me" in EXAMPLE.get(name, "") and "retired" not in EXAMPLE[name]
)


@pytest.mark.parametrize(
    "name",
    [
        "manage.py",
        "requirements.txt",
        "requirements-dev.txt",
        "pytest.ini",
        "docker-compose.yml",
        "README.md",
        "pyproject.toml",
        ".importlinter",
        ".pre-commit-config.yaml",
        "Makefile",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE",
        "openapi.yaml",
        ".ci/run",
        ".github/workflows/ci.yml",
        "Dockerfile",
        ".dockerignore",
        ".gitignore",
        ".env.example",
        "docs/glossary.md",
    ],
)
def test_the_top_of_the_project_is_complete(name: str) -> None:
    assert (ROOT / name).stat().st_size > 0


# ---------------------------------------------------------------- docker-compose.yml


def test_compose_runs_the_whole_house() -> None:
    engines = {"postgres", "redis", "rabbitmq", "flower", "mailbox"}
    assert set(SERVICES) == {"web", "worker", "beat", "relay", "migrate", *engines}
    assert [name for name, service in SERVICES.items() if "profiles" in service] == ["rabbitmq"]
    assert set(OURS) == {"web", "worker", "beat", "relay", "migrate"}


@pytest.mark.parametrize("name", OURS)
def test_a_service_of_ours_starts_something_that_exists(name: str) -> None:
    words = shlex.split(OURS[name]["command"])
    if words[0] == "python":
        assert words[1] == "manage.py"
        assert (ROOT / words[1]).exists()
        assert words[2] in get_commands()
    elif words[0] == "celery":
        assert words[1:4] == ["-A", "config", name]
        assert (ROOT / "config" / "celery.py").exists()
    else:
        assert words[0] == "granian"
        assert "\napplication = " in text("config/wsgi.py")
        assert "config.wsgi:application" in words
        known = command(tool("granian"), "--help").stdout
        assert [word for word in words if word.startswith("--") and f"{word} " not in known] == []


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"migrate"}))
def test_a_service_that_stays_says_how_it_is(name: str) -> None:
    check = SERVICES[name]["healthcheck"]["test"]
    assert check[0] == "CMD"
    assert all((ROOT / word).exists() for word in check if word.startswith("docker/"))


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_waits_for_services_that_can_say_so(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        if how["condition"] == "service_healthy":
            assert SERVICES[other]["healthcheck"]["test"]
        else:
            assert how["condition"] == "service_completed_successfully"
            assert SERVICES[other]["restart"] == "no"


def test_every_process_of_ours_waits_for_the_migration() -> None:
    assert {name for name, service in OURS.items() if "migrate" not in service["depends_on"]} == {"migrate"}


def test_volumes_and_mounted_folders_exist() -> None:
    for service in SERVICES.values():
        for source in (mount.split(":")[0] for mount in service.get("volumes", [])):
            assert (ROOT / source).exists() if source.startswith(".") else source in compose()["volumes"]


def test_compose_holds_no_secret() -> None:
    for service in SERVICES.values():
        for key, value in service["environment"].items() if "environment" in service else ():
            if re.search(r"PASSWORD|SECRET|TOKEN|KEY|AUTH$", key):
                assert re.fullmatch(r"(\$\{\w+:\?[^}]+\})?", value)
            assert not re.search(r"://[^$/]*:[^$/@]+@", value)


def test_only_the_migration_can_become_the_owner() -> None:
    for name, service in OURS.items():
        assert bool(service["environment"]["DATABASE_OWNER_URL"]) == (name == "migrate")
        assert service["environment"]["DATABASE_OWNER_PASSWORD"] == ""
        assert service["environment"]["POSTGRES_PASSWORD"] == ""


def test_what_compose_requires_is_in_the_example() -> None:
    required = set(re.findall(r"\$\{(\w+):\?", text("docker-compose.yml")))
    assert required
    assert required <= set(EXAMPLE)


def test_ports_are_published_on_loopback_only() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert len(ports) == 3
    assert all(port.startswith("127.0.0.1:") for port in ports)


# ---------------------------------------------------------------- .env.example


def test_the_example_explains_every_variable_that_the_settings_read() -> None:
    assert READ_BY_SETTINGS - set(EXAMPLE) == set()


def test_the_example_names_nothing_that_nobody_reads() -> None:
    readers = [ROOT / "docker-compose.yml", *(ROOT / "docker").rglob("*.*")]
    readers += [
        path for app in ("config", "core", "featureflags", "audit", "accounts") for path in (ROOT / app).rglob("*.py")
    ]
    words = set(re.findall(r"\b[A-Z][A-Z0-9_]+\b", "\n".join(path.read_text(encoding="utf-8") for path in readers)))
    assert {name for name in EXAMPLE if not name.startswith("FF_")} - words == set()


def test_the_example_holds_no_real_secret() -> None:
    secret = [name for name in EXAMPLE if re.search(r"PASSWORD|SECRET|TOKEN|PEPPER|_KEYS?$|_AUTH$", name)]
    assert len(secret) >= len(SECRETS) >= 6
    assert [name for name in secret if "change-me" not in EXAMPLE[name]] == []


def start(**variables: str) -> subprocess.CompletedProcess[str]:
    """This function will load the production settings with strong secrets, except for the variables given."""
    strong = {name: f"{number}Zk9vQ3xR7mT1wY5bN8cL2hJ6fD0gS4pA{name.lower()}" for number, name in enumerate(SECRETS)}
    environment = {"PATH": "/usr/bin:/bin", "ENV": "production", "ALLOWED_HOSTS": "billing.example.com"}
    words = [sys.executable, "-c", "import config.settings"]
    return subprocess.run(
        words, env=environment | strong | variables, capture_output=True, text=True, timeout=60, check=False, cwd=ROOT
    )


def test_production_starts_with_strong_secrets() -> None:
    outcome = start()
    assert outcome.returncode == 0, outcome.stderr


@pytest.mark.parametrize("name", SECRETS)
def test_production_refuses_a_placeholder_and_names_it(name: str) -> None:
    outcome = start(**{name: EXAMPLE[name]})
    assert outcome.returncode != 0
    refusal = outcome.stderr.strip().splitlines()[-1]
    assert [secret for secret in SECRETS if secret in refusal] == [name]


# ---------------------------------------------------------------- pins, hooks, workflow, pages


def pins(name: str) -> dict[str, str]:
    """This function will return the exact versions that a requirements file asks for, by canonical name."""
    found = re.findall(r"^([A-Za-z0-9_.-]+)(?:\[[^]]*\])?==(\S+)", text(name), re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", package).lower(): version for package, version in found}


@pytest.mark.parametrize(
    ("asked", "locked"), [("requirements.in", "requirements.txt"), ("requirements-dev.in", "requirements-dev.txt")]
)
def test_every_package_is_pinned_with_its_hash(asked: str, locked: str) -> None:
    assert pins(asked).items() <= pins(locked).items()
    entries = re.split(r"\n(?=[A-Za-z0-9])", re.sub(r"^\s*#.*\n", "", text(locked), flags=re.MULTILINE).strip())
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_packages_of_a_developer_are_those_of_production() -> None:
    assert pins("requirements.txt").items() <= pins("requirements-dev.txt").items()


def test_the_hooks_run_tools_that_are_installed() -> None:
    hooks = [hook for repo in yaml.safe_load(text(".pre-commit-config.yaml"))["repos"] for hook in repo["hooks"]]
    assert {hook["id"] for hook in hooks} >= {"ruff-check", "ruff-format", "import-contracts", "mypy"}
    for hook in hooks:
        assert hook["language"] == "system"
        assert Path(tool(Path(hook["entry"].split()[0]).name)).exists()


def test_the_workflow_does_what_a_developer_does() -> None:
    workflow = yaml.safe_load(text(".github/workflows/ci.yml"))
    test = workflow["jobs"]["test"]
    assert [step["run"] for step in test["steps"] if "run" in step] == [".ci/run"]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    oldest = tomllib.loads(text("pyproject.toml"))["project"]["requires-python"].removeprefix(">=")
    assert test["strategy"]["matrix"]["python"][0] == oldest


def test_the_changelog_has_a_place_for_what_comes_next() -> None:
    headings = re.findall(r"^## (.*)$", text("CHANGELOG.md"), re.MULTILINE)
    assert headings[0] == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}", heading) for heading in headings[1:])


def test_the_license_is_complete() -> None:
    assert "Apache License" in text("LICENSE")
    assert "END OF TERMS AND CONDITIONS" in text("LICENSE")
    assert tomllib.loads(text("pyproject.toml"))["project"]["license"] == "Apache-2.0"
