"""The web's and Celery's entry points for a proof: the house's own, after a sabotage has been committed, if any."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from config.celery import app  # noqa: E402 - the house first
from config.wsgi import application  # noqa: E402
from proof import sabotage  # noqa: E402

sabotage.commit()

__all__ = ["app", "application"]
