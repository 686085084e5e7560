"""The Celery application: workers execute job rows, beat looks for what is due."""

import os

from celery import Celery
from kombu import Exchange, Queue

from config.broker import Broker
from jobs.registry import QUEUES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("perennial", amqp=Broker)
app.config_from_object("django.conf:settings", namespace="CELERY")
# A worker listens to every queue unless `-Q` says otherwise; one that is not named here would be heard by nobody.
# One direct exchange serves them all, and each is addressed by its name.
app.conf.task_queues = [Queue(name, Exchange(""), routing_key=name) for name in QUEUES]
app.autodiscover_tasks()
