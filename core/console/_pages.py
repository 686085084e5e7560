"""The pages of the console: what they show of a row, and that nothing is changed there but by verbs."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django.contrib.admin import display
from django.contrib.admin.utils import unquote
from django.db.models import DecimalField, ForeignKey, Model, QuerySet, UUIDField
from django.dispatch import Signal
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin, TabularInline

from core import ids, tenancy
from core.console import _shown
from core.console._careful import careful
from core.console._verbs import actor
from core.tenancy.operations import is_scoped

MINOR = "_minor"
# Sent when a page with personal data is shown, with `actor_label`, `page` (a model's label), `subject` (a public id, or
# nothing for a list) and `environment_id` (None for a list, and for what belongs to no environment).
viewed = Signal()
STATES = ("status", "state", "outcome", "new_status", "old_status")


class Readable:
    """Shows amounts as money, quantities without idle zeros, states as badges and references as links.

    `references` are the fields that hold public ids.
    """

    references: ClassVar[Sequence[str]] = ()
    model: Any

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._readable = dict(self._translated())
        for name, (shown, render) in self._readable.items():
            setattr(self, shown, _column(name, render))

    def _translated(self) -> Iterable[tuple[str, tuple[str, Callable[[Any, str], Any]]]]:
        names = {field.name for field in self.model._meta.get_fields()}
        for name in names:
            if name.endswith(MINOR) and "currency" in names:
                yield name, (f"{name.removesuffix(MINOR)}_money", _as_money)
        yield from ((name, (f"{name}_badge", _as_badge)) for name in STATES if name in names)
        yield from ((name, (f"{name}_link", _as_link)) for name in self.references)
        for field in self.model._meta.concrete_fields:
            if isinstance(field, ForeignKey) and hasattr(field.related_model, "prefix") and field.name != "environment":
                yield field.name, (f"{field.name}_row", _as_row)
            elif isinstance(field, DecimalField):
                yield field.name, (f"{field.name}_plain", _as_number)

    def _named(self, names: Iterable[Any]) -> list[Any]:
        """Return the columns with the readable ones in the place of what they show, each once."""
        return list(dict.fromkeys(self._readable[name][0] if name in self._readable else name for name in names))

    def _related(self, names: Iterable[Any]) -> list[str]:
        return [name for name in names if self._readable.get(name, ("", None))[1] is _as_row]

    def _generated(self) -> list[str]:
        return [shown for shown, _ in self._readable.values()]


def _column(name: str, render: Callable[[Any, str], Any]) -> Callable[[Any], Any]:
    title = name.removesuffix(MINOR).replace("_", " ").capitalize()

    @display(description=title, ordering=name)
    def column(row: Any) -> Any:
        return render(row, name)

    return column


def _as_money(row: Any, name: str) -> str:
    return _shown.money(getattr(row, name), row.currency)


def _as_badge(row: Any, name: str) -> str:
    value = getattr(row, name)
    return _shown.badge(str(value)) if value else _shown.NOTHING


def _as_link(row: Any, name: str) -> str:
    return _shown.link(getattr(row, name) or "")


def _as_row(row: Any, name: str) -> str:
    other = getattr(row, name)
    return _shown.link(other.public_id, title=_shown.title(other)) if other else _shown.NOTHING


def _as_number(row: Any, name: str) -> str:
    return _shown.number(getattr(row, name))


def _is_possible(button: Any, row: Any) -> bool:
    possible = getattr(button, "possible", None)
    return possible is None or bool(possible(row))


class ConsoleInline(Readable, TabularInline):  # type: ignore[misc]
    """Rows beside the row they belong to; for looking at only."""

    extra = 0
    can_delete = False

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        # The theme writes the link to a row's own page into its title.
        self.hide_title = not self.show_change_link

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """This function will return the rows with what their columns point to, in one query."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.select_related(*self._related(super().get_fields(request)))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """This function will return the columns as people read them."""
        return self._named(super().get_fields(request, obj))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """This function will return the columns that no field of the row stands for."""
        return [*super().get_readonly_fields(request, obj), *self._generated()]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """This function will answer no: rows are made by verbs."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """This function will answer no: rows are changed by verbs."""
        return False


class ConsoleAdmin(Readable, ModelAdmin):  # type: ignore[misc]
    """A page that shows rows. What may be done with one is a `@verb` named in `actions_detail`."""

    list_per_page = 50
    show_full_result_count = False
    list_fullwidth = True
    list_filter_sheet = True
    # A list that is too wide shows so before one has read down to its end.
    list_horizontal_scrollbar_top = True
    environment_column = "environment"
    # Whoever looks at such a page is written down: it shows who somebody is, lives or pays.
    holds_personal_data = False
    # Public ids that the search understands beside the row's own and those of what it points to: prefix → field.
    search_ids: ClassVar[dict[str, str]] = {}

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        """This function will return the form of a page that can be edited, which keeps no card number or credential."""
        return careful(super().get_form(request, obj, change, **options))

    def __init__(self, model: type[Model], admin_site: Any) -> None:
        self.model = model
        super().__init__(model, admin_site)
        buttons = [*self.actions_detail, *self.actions_row, *self.actions_list, *self.actions]
        for name in self._extract_action_names(buttons):
            permission = getattr(getattr(self, name), "verb_permission", None)
            if permission:
                setattr(self, f"has_{permission}_permission", partial(self._may, permission))

    def _may(self, permission: str, request: HttpRequest, object_id: Any = None) -> bool:
        return bool(request.user.has_perm(f"{self.opts.app_label}.{permission}_{self.opts.model_name}"))

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """This function will return the buttons that the operator may press and the row's state does not refuse."""
        offered: list[Any] = super().get_actions_detail(request, object_id)
        if all(getattr(one.method, "possible", None) is None for one in offered):
            return offered
        row = self.get_object(request, unquote(str(object_id)))
        return [one for one in offered if row is not None and _is_possible(one.method, row)]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """This function will answer no: rows are made by verbs."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """This function will answer no: rows are changed by verbs."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """This function will answer no: nothing is deleted by hand."""
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """This function will answer whether the operator may see such rows, by Django's own permission."""
        return bool(super().has_view_permission(request, obj))

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """This function will return the columns as people read them, with the environment last."""
        columns = self._named(super().get_list_display(request))
        return [*columns, self.environment_column] if self._is_scoped(columns) else columns

    def get_list_display_links(self, request: HttpRequest, list_display: Sequence[Any]) -> Sequence[Any]:
        """This function will make the first column that is no link of its own the link to the row's page."""
        own = {shown for shown, render in self._readable.values() if render in (_as_row, _as_link)}
        links: Sequence[Any] = super().get_list_display_links(request, [one for one in list_display if one not in own])
        return links

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """This function will return the filters, with the environment first."""
        filters = list(super().get_list_filter(request))
        return [self.environment_column, *filters] if self._is_scoped(filters) else filters

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """This function will return what a row's page shows: its public id, its fields, its environment."""
        fields = self._named(super().get_fields(request, obj))
        first = ["public_id"] if hasattr(self.model, "public_id") else []
        last = [self.environment_column] if is_scoped(self.model) else []
        return [*first, *(name for name in fields if name not in first + last), *last]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """This function will return what no field of a form stands for."""
        known = [*self._named(super().get_readonly_fields(request, obj)), *self._generated()]
        scoped = [self.environment_column] if is_scoped(self.model) else []
        return [*known, *scoped, *(["public_id"] if hasattr(self.model, "public_id") else [])]

    def _is_scoped(self, named: list[Any]) -> bool:
        return is_scoped(self.model) and self.environment_column not in named

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """This function will return the rows with what their columns need, in one query."""
        rows: QuerySet[Any] = super().get_queryset(request)
        related = self._related(name for name in self.list_display if isinstance(name, str))
        # The list asks for its own only where nothing else is asked for.
        related += [] if isinstance(self.list_select_related, bool) else list(self.list_select_related)
        scoped = ["environment__tenant"] if is_scoped(self.model) else []
        return rows.select_related(*scoped, *related) if scoped or related else rows

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """This function will find rows by the words of a search, and by the public id of one or of its owner."""
        exactly = self._by_id(search_term.strip())
        if exactly:
            return queryset.filter(**exactly), False
        found: tuple[QuerySet[Any], bool] = super().get_search_results(request, queryset, search_term)
        return found

    def _by_id(self, term: str) -> dict[str, UUID]:
        prefix = term.partition("_")[0]
        field = self._searched_by().get(prefix)
        try:
            return {field: ids.decode(prefix, term)} if field else {}
        except ids.MalformedId:
            return {}

    def _searched_by(self) -> dict[str, str]:
        own = {self.model.prefix: "pk"} if isinstance(self.opts.pk, UUIDField) and hasattr(self.model, "prefix") else {}
        owners = {
            field.related_model.prefix: field.attname
            for field in self.opts.concrete_fields
            if field.is_relation and hasattr(field.related_model, "prefix")
        }
        return owners | own | self.search_ids

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """This function will show the rows, and tell who looks at people's."""
        self._tell_viewed(request, None)
        return super().changelist_view(request, extra_context)

    def _tell_viewed(self, request: HttpRequest, row: Any) -> None:
        if self.holds_personal_data and request.method == "GET" and self.has_view_permission(request):
            whose = row.environment_id if row is not None and is_scoped(self.model) else None
            viewed.send(
                sender=None, actor_label=actor(request).label, page=self.opts.label_lower,
                subject=getattr(row, "public_id", ""), environment_id=whose,
            )  # fmt: skip

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponseBase:
        """This function will show a row inside its own environment, for whose defaults the forms beside it ask."""
        row = self.get_object(request, unquote(object_id or "")) if object_id else None
        if row is not None:
            self._tell_viewed(request, row)
        if row is None or not is_scoped(self.model):
            shown: HttpResponseBase = super().changeform_view(request, object_id, form_url, extra_context)
            return shown
        with tenancy.scope(row.environment.as_scope()):
            shown = super().changeform_view(request, object_id, form_url, extra_context)
            return shown.render() if isinstance(shown, TemplateResponse) else shown


class DraftAdmin(ConsoleAdmin):
    """A page whose rows may be edited while they are drafts, such as a plan that nobody has bought yet."""

    def is_draft(self, row: Any) -> bool:
        """This function will tell whether a row may still be edited."""
        return bool(row.status == "draft")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """This function will answer yes for a draft, to whom Django's own permission lets."""
        allowed = request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")
        return bool(allowed and obj is not None and self.is_draft(obj))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """This function will store the draft in its own environment."""
        with tenancy.scope(obj.environment.as_scope()):
            super().save_model(request, obj, form, change)
