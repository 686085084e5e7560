"""Buttons that open what is printed of a row."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from unfold.decorators import action

from billing import selectors
from core import clock, errors, tenancy


def opener(kind: str, *, description: str) -> Any:
    """This function will make a button that opens a document of a row, for everybody who may see the row."""

    @action(description=description, permissions=["view"], url_path=kind, icon="picture_as_pdf")  # type: ignore[untyped-decorator]
    def opened(admin: Any, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """This function will go to the document, or say why there is none."""
        row = admin.get_object(request, object_id)
        if row is None:
            return HttpResponseRedirect(reverse(f"admin:billing_{admin.opts.model_name}_changelist"))
        try:
            with tenancy.scope(row.environment.as_scope()), transaction.atomic():
                return HttpResponseRedirect(selectors.get_document_link(kind, row.pk, now=clock.now()).url)
        except errors.Refusal as refused:
            messages.error(request, refused.detail)
            return HttpResponseRedirect(reverse(f"admin:billing_{admin.opts.model_name}_change", args=[row.pk]))

    return opened
