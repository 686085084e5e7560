"""What the settings of the edge refuse to start with."""

from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from config.guard import refuse_nonsense


def chosen(**changes: Any) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in dir(settings) if name.isupper()} | changes


def test_the_settings_of_the_tests_are_sound() -> None:
    refuse_nonsense(chosen())


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"TRUSTED_PROXIES": ["10.0.0.0/8"], "TRUSTED_PROXY_COUNT": 1}, "either"),
        ({"TRUSTED_PROXIES": ["10.0.0.1/8"]}, "TRUSTED_PROXIES"),
        ({"TRUSTED_PROXIES": ["proxy.internal"]}, "TRUSTED_PROXIES"),
        ({"TRUSTED_PROXY_COUNT": -1}, "TRUSTED_PROXY_COUNT"),
        ({"TRUSTED_PROXY_COUNT": 33}, "TRUSTED_PROXY_COUNT"),
        ({"RATE_LIMIT_ON_STORE_FAILURE": "maybe"}, "RATE_LIMIT_ON_STORE_FAILURE"),
        ({"ENV": "production", "ALLOWED_HOSTS": ["*"]}, "ALLOWED_HOSTS"),
        ({"ENV": "production", "ALLOWED_ORIGINS": ["*"]}, "ALLOWED_ORIGINS"),
    ],
)
def test_nonsense_is_named_and_refused(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=named):
        refuse_nonsense(chosen(**changes))
