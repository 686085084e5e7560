"""The Dockerfile, and what a container starts and says about itself."""

import http.server
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.house import ROOT, text

SERVICES = yaml.safe_load(text("docker-compose.yml"))["services"]


def instructions() -> list[tuple[str, str]]:
    """This function will return the Dockerfile's instructions, continued lines joined, comments dropped."""
    joined = re.sub(r"\\\n\s*", " ", re.sub(r"^#.*\n", "", text("Dockerfile"), flags=re.MULTILINE))
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in joined.splitlines() if line.strip()]


def test_the_image_is_built_in_stages_from_hashed_packages() -> None:
    stages = [rest.split()[2] for word, rest in instructions() if word == "FROM"]
    assert stages == ["packages", "static", "image"]
    copied = [
        match[1] for word, rest in instructions() if word == "COPY" and (match := re.match(r"--from=(\w+)", rest))
    ]
    assert set(copied) <= set(stages)
    installs = [rest for word, rest in instructions() if word == "RUN" and "pip install" in rest]
    assert len(installs) == 1
    assert "--require-hashes" in installs[0]
    assert any("collectstatic" in rest for word, rest in instructions() if word == "RUN")


def test_the_image_runs_as_an_ordinary_user_and_says_how_it_is() -> None:
    last = instructions()[max(place for place, (word, _) in enumerate(instructions()) if word == "FROM") :]
    words = dict(last)
    assert words["USER"] == "perennial"
    assert "docker/healthcheck.py" in words["HEALTHCHECK"]
    assert words["ENTRYPOINT"] == '["/app/docker/entrypoint.sh"]'
    assert os.access(ROOT / "docker" / "entrypoint.sh", os.X_OK)


def test_secrets_and_data_stay_out_of_the_image_and_of_git() -> None:
    assert {".env", ".env.*", ".git", ".local", ".venv"} <= set(text(".dockerignore").splitlines())
    assert {".env", "/.local/", "/.venv/", "!.env.example"} <= set(text(".gitignore").splitlines())


@pytest.fixture
def recorders(tmp_path: Path) -> Path:
    """A folder of programs that print how they were called."""
    for name in ("granian", "celery", "python"):
        (tmp_path / name).write_text(f'#!/bin/sh\necho "ENV=$ENV {name} $*"\n', encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    return tmp_path


def enter(recorders: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """This function will run the image's entrypoint with the recording programs alone."""
    environment = {"PATH": f"{recorders}:/usr/bin:/bin", "ENV": "production", **variables}
    entrypoint = [str(ROOT / "docker" / "entrypoint.sh"), *words]
    return subprocess.run(entrypoint, env=environment, capture_output=True, text=True, timeout=10, check=False)


@pytest.mark.parametrize(
    ("mode", "started"),
    [
        ("local", "ENV=local python -m local run"),
        (
            "api",
            "ENV=production granian --interface wsgi config.wsgi:application --host 0.0.0.0 --port 8000"
            " --blocking-threads 4 --workers 2 --http1-buffer-size 16384 --http1-header-read-timeout 10000",
        ),
        ("worker", "ENV=production celery -A config worker --loglevel info --concurrency 4"),
        ("beat", "ENV=production celery -A config beat --loglevel info"),
        ("relay", "ENV=production python manage.py relay"),
    ],
)
def test_a_mode_starts_its_process(recorders: Path, mode: str, started: str) -> None:
    assert enter(recorders, MODE=mode).stdout.strip() == started
    if mode != "local":
        written = SERVICES["web" if mode == "api" else mode]["command"]
        assert started == f"ENV=production {' '.join(written.split())}"


def test_a_command_replaces_the_mode(recorders: Path) -> None:
    assert (
        enter(recorders, "python", "manage.py", "check", MODE="api").stdout.strip().endswith("python manage.py check")
    )


def test_an_unknown_mode_is_refused(recorders: Path) -> None:
    outcome = enter(recorders, MODE="everything")
    assert outcome.returncode == 64
    assert "MODE=everything is unknown" in outcome.stderr


class Readiness(http.server.BaseHTTPRequestHandler):
    status = 200
    host = ""

    def do_GET(self) -> None:
        type(self).host = self.headers["Host"]
        self.send_response(self.status if self.path == "/readyz" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class's name
        pass


@pytest.fixture
def readiness() -> Iterator[http.server.HTTPServer]:
    server = http.server.HTTPServer(("127.0.0.1", 0), Readiness)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def ask_health(**variables: str) -> int:
    """This function will return the exit status of the image's health check."""
    words = [sys.executable, str(ROOT / "docker" / "healthcheck.py")]
    environment = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", **variables}
    return subprocess.run(words, env=environment, capture_output=True, timeout=60, check=False, cwd=ROOT).returncode


@pytest.mark.parametrize(("status", "exit_status"), [(200, 0), (503, 1)])
def test_a_web_process_is_healthy_when_it_is_ready(
    readiness: http.server.HTTPServer, monkeypatch: pytest.MonkeyPatch, status: int, exit_status: int
) -> None:
    monkeypatch.setattr(Readiness, "status", status)
    port = str(readiness.server_address[1])
    assert ask_health(MODE="api", PORT=port, ALLOWED_HOSTS="billing.example.com,other") == exit_status
    assert Readiness.host == "billing.example.com"


def test_a_process_that_is_away_is_not_healthy(unused_tcp_port: int) -> None:
    nowhere = f"127.0.0.1:{unused_tcp_port}"
    assert ask_health(MODE="api", PORT=str(unused_tcp_port)) == 1
    assert ask_health(MODE="relay", DATABASE_URL=f"postgres://nobody@{nowhere}/none") == 1


@pytest.fixture
def unused_tcp_port() -> Iterator[int]:
    """A port that is taken but on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]
