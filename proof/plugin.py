"""A plugin of pytest that commits a sabotage once the house is loaded: the control of a proof that is a test."""

import pkgutil

import pytest


@pytest.fixture(scope="session", autouse=True)
def _sabotage() -> None:
    pkgutil.resolve_name("proof.sabotage:commit")()
