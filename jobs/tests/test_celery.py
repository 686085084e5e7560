"""How Celery is set up, over each broker."""

import json
import os
import subprocess
import sys

import pytest
from celery import current_app

from jobs.registry import QUEUES
from tests.house import ROOT

SAY = """
import django, json
django.setup()
from django.conf import settings
print(json.dumps([settings.CELERY_BROKER_URL, settings.CELERY_BROKER_TRANSPORT_OPTIONS]))
"""
REDIS_OPTIONS = {"visibility_timeout": 120, "unacked_restore_interval": 5, "unacked_restore_throttle": 1}


def settings_with(**variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", **variables}
    return subprocess.run(
        [sys.executable, "-c", SAY], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_celery_loses_nothing_and_schedules_nothing():
    conf = current_app.conf
    assert (conf.task_acks_late, conf.task_reject_on_worker_lost, conf.task_ignore_result) == (True, True, True)
    assert (conf.worker_prefetch_multiplier, conf.task_time_limit) == (1, 50)
    assert conf.broker_transport_options == REDIS_OPTIONS
    assert conf.visibility_timeout == conf.result_backend_transport_options["visibility_timeout"] == 120
    assert (conf.worker_soft_shutdown_timeout, conf.worker_enable_soft_shutdown_on_idle) == (30, True)
    assert (conf.accept_content, conf.task_serializer) == (["json"], "json")


def test_every_queue_is_heard():
    assert tuple(queue.name for queue in current_app.conf.task_queues) == QUEUES


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"REDIS_URL": "redis://a:1/0"}, ["redis://a:1/0", REDIS_OPTIONS]),
        ({"REDIS_URL": "redis://a:1/0", "BROKER_URL": "amqp://b:2//"}, ["amqp://b:2//", {}]),
    ],
)
def test_each_broker_is_told_only_what_it_knows(variables, said):
    assert json.loads(settings_with(**variables).stdout) == said


def test_a_broker_that_is_none_is_refused_by_name():
    done = settings_with(BROKER_URL="kafka://c:3")
    assert done.returncode != 0
    assert "BROKER_URL must begin with one of redis://, rediss://, amqp://, amqps://" in done.stderr
