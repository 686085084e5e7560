"""The wiring of the house: settings, routes, processes. It imports faces; nobody imports it."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
