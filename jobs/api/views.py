"""Jobs over the API: what runs, what failed, and the two things an operator does about dead letters."""

from django.db.models import QuerySet
from rest_framework.decorators import action
from rest_framework.response import Response

from core import clock
from core.http.views import Listed, Request, Resource, Retrieved, ok
from jobs import services
from jobs.api.filters import JobFilters
from jobs.api.serializers import JobBody, ReasonRequest
from jobs.models import Job


class JobViewSet(Listed, Retrieved, Resource):
    """`/jobs`."""

    scope = "jobs"
    prefix = "job"
    serializer_class = JobBody
    filterset_class = JobFilters
    request_bodies = {"requeue": ReasonRequest, "discard": ReasonRequest}
    responses = {"requeue": JobBody, "discard": JobBody}

    def get_queryset(self) -> QuerySet[Job]:
        """This function will return the environment's jobs."""
        return Job.objects.all()

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
