"""The commands that make up the house."""

import pytest

from local.house import House


def listens(command: list[str]) -> tuple[str, str]:
    return command[command.index("--host") + 1], command[command.index("--port") + 1]


def test_the_web_process_listens_on_the_loopback_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOST", raising=False)
    assert listens(House().web(8000)) == ("127.0.0.1", "8000")


def test_in_a_container_it_listens_where_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", "0.0.0.0")
    assert listens(House().web(9000)) == ("0.0.0.0", "9000")
