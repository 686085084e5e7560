"""The test session: real engines, one database per worker, fixtures for every app."""

pytest_plugins = ("tests.fixtures",)
