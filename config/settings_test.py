"""Settings of the test session: the same house, with a cheap password hash and mail kept in memory."""

from config.settings import *  # noqa: F403

ENV = "test"
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
PASSWORD_HASHERS = ["accounts.hashers.CheapArgon2"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "documents": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
}
# Nothing is collected for tests; the finders serve what the console needs.
STATIC_ROOT = None
RATE_LIMITS_ENABLED = False
# A decision of a test ends with its transaction.
FEATURE_FLAGS_FRESH_S = 0.0
