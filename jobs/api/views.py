"""Jobs over the API: what runs, what failed, what an operator does about dead letters, and what is to be done when."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from rest_framework.decorators import action
from rest_framework.response import Response

from core import clock
from core.http.views import Listed, Request, Resource, Retrieved, created, ok
from jobs import services
from jobs.api.filters import JobFilters, ScheduledJobFilters
from jobs.api.serializers import (
    JobBody,
    JobDetailBody,
    ManyBody,
    ManyRequest,
    ReasonRequest,
    ScheduledJobBody,
    ScheduleRequest,
)
from jobs.models import Job, ScheduledJob


class JobViewSet(Listed, Resource):
    """`/jobs`."""

    scope = "jobs"
    prefix = "job"
    serializer_class = JobBody
    filterset_class = JobFilters
    request_bodies = {
        "requeue": ReasonRequest, "discard": ReasonRequest, "requeue_many": ManyRequest, "discard_many": ManyRequest,
    }  # fmt: skip
    responses = {
        "retrieve": JobDetailBody, "requeue": JobBody, "discard": JobBody, "requeue_many": ManyBody,
        "discard_many": ManyBody,
    }  # fmt: skip

    def get_queryset(self) -> QuerySet[Job]:
        """This function will return the environment's jobs."""
        return Job.objects.all()

    def retrieve(self, request: Request, pk: str) -> Response:
        """This function will answer one job with the timeline of its attempts."""
        return ok(JobDetailBody.of(self.get_object()))

    @action(detail=True, methods=["post"])
    def requeue(self, request: Request, pk: str) -> Response:
        """This function will bring a dead letter back to life."""
        body = ReasonRequest.parse(request)
        row = services.requeue_job(job_id=self.key, actor=request.actor, now=clock.now(), **body)
        return ok(JobBody.of(row))

    @action(detail=True, methods=["post"])
    def discard(self, request: Request, pk: str) -> Response:
        """This function will bury a dead letter for good."""
        body = ReasonRequest.parse(request)
        row = services.discard_job(job_id=self.key, actor=request.actor, now=clock.now(), **body)
        return ok(JobBody.of(row))

    @action(detail=False, methods=["post"], url_path="requeue")
    def requeue_many(self, request: Request) -> Response:
        """This function will bring several dead letters back to life, all of them or none."""
        selection, reason = _selected(ManyRequest.parse(request))
        rows = services.requeue_jobs(selection=selection, reason=reason, actor=request.actor, now=clock.now())
        return ok(_many(rows))

    @action(detail=False, methods=["post"], url_path="discard")
    def discard_many(self, request: Request) -> Response:
        """This function will bury several dead letters for good, all of them or none."""
        selection, reason = _selected(ManyRequest.parse(request))
        rows = services.discard_jobs(selection=selection, reason=reason, actor=request.actor, now=clock.now())
        return ok(_many(rows))


class ScheduledJobViewSet(Listed, Retrieved, Resource):
    """`/scheduled-jobs`."""

    scope = "jobs"
    prefix = "sch"
    serializer_class = ScheduledJobBody
    filterset_class = ScheduledJobFilters
    idempotency = {"create": "required"}
    request_bodies = {"create": ScheduleRequest, "cancel": ReasonRequest}
    responses = {"create": {201: ScheduledJobBody}, "cancel": ScheduledJobBody}

    def get_queryset(self) -> QuerySet[ScheduledJob]:
        """This function will return what was scheduled in the environment."""
        return ScheduledJob.objects.select_related("job")

    def create(self, request: Request) -> Response:
        """This function will have something done at an instant of the environment's clock."""
        body = ScheduleRequest.parse(request)
        return created(ScheduledJobBody.of(services.schedule(actor=request.actor, now=clock.now(), **body)))

    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """This function will call off what has not been begun."""
        body = ReasonRequest.parse(request)
        row = services.cancel_schedule(schedule_id=self.key, actor=request.actor, now=clock.now(), **body)
        return ok(ScheduledJobBody.of(row))


def _selected(body: dict[str, Any]) -> tuple[services.Selection, str]:
    return services.Selection(ids=body.get("ids", ()), **body.get("filter", {})), body["reason"]


def _many(rows: Sequence[Job]) -> Any:
    return ManyBody.of({"jobs": [row.public_id for row in rows], "still_dead": Job.objects.dead().count()})
