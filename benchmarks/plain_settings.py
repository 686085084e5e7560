"""Settings of the reference for reads: Django REST framework as it comes out of the box, on the same tables."""

from config.settings import *  # noqa: F403
from config.settings import env

ROOT_URLCONF = "benchmarks.plain"
MIDDLEWARE = []
REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": [], "UNAUTHENTICATED_USER": None}
DATABASES = {
    "default": env.db_url("PLAIN_DATABASE_URL") | {"ENGINE": "django.db.backends.postgresql", "CONN_MAX_AGE": 600}
}
