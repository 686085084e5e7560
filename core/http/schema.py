"""How the API describes itself: drf-spectacular's inspector, told where a `Resource` declares things."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent, build_parameter_type
from drf_spectacular.utils import OpenApiParameter
from rest_framework.permissions import SAFE_METHODS

from core.http import preconditions, schema_fields

PROBLEM_TYPE = "application/problem+json"
PROBLEM = {
    "type": "object",
    "description": "An RFC 9457 problem document. A refusal may add members of its own.",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "The stable machine word."},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "description": "With `validation_failed`: every field that is wrong.",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "message"],
                "properties": {name: {"type": "string"} for name in ("pointer", "code", "message")},
            },
        },
    },
}
MEANINGS = {
    "400": "The request could not be read.",
    "401": "Valid credentials are needed.",
    "402": "The payment was declined.",
    "403": "The credentials do not allow this.",
    "404": "There is no such resource.",
    "409": "The state of the resource does not allow this, or the same key is still in progress.",
    "411": "The body needs a Content-Length.",
    "412": "The resource is no longer what If-Match says.",
    "413": "The body is too large.",
    "415": "The body must be application/json in UTF-8.",
    "422": "The body is well formed but not valid.",
    "428": "The change needs an If-Match header.",
    "429": "Too many requests.",
    "503": "This is not available at the moment.",
}
# What any request may be answered, what one with a body in addition, and what one that is understood.
ANY = ("400", "401", "403", "411", "413", "429", "503")
WRITING = ("404", "409", "415", "422")


class Credentials(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The two ways to say who one is."""

    target_class = "accounts.api.authentication.Credentials"
    name = ["ApiKey", "Bearer"]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        """This function will describe the API key and the bearer token."""
        return [
            {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            {"type": "http", "scheme": "bearer", "description": "A secret key, or the token of a login."},
        ]

    def get_security_requirement(self, auto_schema: Any) -> Any:
        """This function will say that either of the two is enough."""
        return [{name: []} for name in self.name]


MIXINS = "core.http.views"
PLAIN_NAMES = {"retrieve": "Show", "create": "Create", "partial_update": "Change", "destroy": "Remove"}


class Schema(AutoSchema):
    """Finds requests, answers and problems where a `Resource` declares them; other views describe themselves."""

    view: Any

    @property
    def declares(self) -> bool:
        """Whether the view is a `Resource`."""
        return hasattr(self.view, "request_bodies")

    def get_tags(self) -> list[str]:
        """This function will return the resource's name, as it stands in the path."""
        return [next((step for step in self._steps() if step not in ("api", "v1")), "api")]

    def _steps(self) -> list[str]:
        return [step for step in self.path.strip("/").split("/") if not step.startswith("{")]

    def get_operation_id(self) -> str:
        """This function will return a name such as `subscriptions_cancel`, the same in every release."""
        if not self.declares:
            return str(super().get_operation_id())
        steps = [step for step in self._steps() if step not in ("api", "v1")]
        last = [] if self.view.action == steps[-1].replace("-", "_") else [self.view.action]
        methods = [name for name, action in self.view.action_map.items() if action == self.view.action]
        shared = len(set(methods) - {"head"}) > 1  # DRF adds it to the map when the first request comes
        return "_".join([*steps, *last, *([self.method.lower()] if shared else [])]).replace("-", "_")

    def get_summary(self) -> str | None:
        """This function will return the first sentence that a handler says of itself, or a plain name."""
        spoken = self._spoken() or self._said_to_programmers()
        return spoken.partition("\n")[0].rstrip(".") if spoken else self._plain_name()

    def get_description(self) -> str:  # type: ignore[override]
        """This function will return what a handler says of itself to clients."""
        return self._spoken()

    def _said_to_programmers(self) -> str:
        """What an action of its own does, where no plain name would say it."""
        handler = getattr(self.view, self.view.action, None)
        if not self.declares or handler is None or handler.__module__ == MIXINS or self.view.action in PLAIN_NAMES:
            return ""
        said = " ".join((handler.__doc__ or "").partition("This function will ")[2].partition("\n\n")[0].split())
        return said[:1].upper() + said[1:]

    def _spoken(self) -> str:
        """A docstring without the sentence that speaks to programmers."""
        if not self.declares:
            return str(super().get_description())
        text = (getattr(getattr(self.view, self.view.action), "__doc__", "") or "").partition("This function will")[0]
        return "\n".join(line.strip() for line in text.strip().splitlines())

    def _plain_name(self) -> str:
        plural = self.get_tags()[0].replace("-", " ")
        noun = plural.removesuffix("s")
        verb = PLAIN_NAMES.get(self.view.action, self.view.action.replace("_", " ").capitalize())
        if self.view.action == "list":
            return f"List {plural}"
        return f"{verb} {'an' if noun[0] in 'aeio' else 'a'} {noun}"

    def get_request_serializer(self) -> Any:
        """This function will return the serializer of the action's body, None when it takes none."""
        return self.view.request_bodies.get(self.view.action) if self.declares else super().get_request_serializer()

    def get_response_serializers(self) -> Any:
        """This function will return the serializer of the action's answer, or several by status."""
        if not self.declares:
            return super().get_response_serializers()
        declared = self.view.responses.get(self.view.action, self.view.serializer_class)
        if isinstance(declared, dict) or (declared is not None and self.method != "DELETE"):
            return declared
        return {200: declared} if declared is not None and self.view.action in self.view.responses else {204: None}

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        answers: dict[str, Any] = super()._get_response_bodies(direction)
        if not self.declares and not hasattr(self.view, "problems"):
            return answers
        return answers | {code: self._problem(code).ref for code in self._problems()}

    def _problem(self, code: str) -> Any:
        """What every operation answers alike is described once."""
        document = self._component("Problem", ResolvedComponent.SCHEMA, PROBLEM)
        content = {PROBLEM_TYPE: {"schema": document.ref}}
        described = {"description": MEANINGS[code], "content": content}
        return self._component(f"Problem{code}", ResolvedComponent.RESPONSE, described)

    def _component(self, name: str, kind: Any, described: dict[str, Any]) -> Any:
        component = ResolvedComponent(name=name, type=kind, object=name, schema=described)  # type: ignore[no-untyped-call]
        self.registry.register_on_missing(component)
        return component

    def _problems(self) -> list[str]:
        own = getattr(self.view, "problems", {}).get(self.view.action, ()) if self.declares else self.view.problems
        codes = {*ANY, *own, *(["404"] if "{" in self.path else []), *self._preconditions()}
        return sorted(codes if self.method in SAFE_METHODS else codes | set(WRITING))

    def get_override_parameters(self) -> list[Any]:
        """This function will return the headers that a write reads, and the view's own query parameters."""
        if not self.declares:
            return list(super().get_override_parameters())
        own: list[Any] = [
            OpenApiParameter(name, self.view.parameter_shapes.get(name, str), OpenApiParameter.QUERY)
            for name in self.view.query_parameters
        ]
        own += [schema_fields.if_match()] if self._is_tagged() else []
        return own + [schema_fields.idempotency_key(mode) for mode in self._idempotency_modes()]

    def _is_tagged(self) -> bool:
        return self.declares and self.method in preconditions.HEEDING and preconditions.is_tagged(self.view)

    def _preconditions(self) -> tuple[str, ...]:
        if not self._is_tagged():
            return ()
        return ("412", "428") if self.method in preconditions.CHANGING else ("412",)

    def _idempotency_modes(self) -> list[str]:
        default = "required" if self.method == "POST" else "optional"
        mode = "none" if self.method in SAFE_METHODS else self.view.idempotency.get(self.view.action, default)
        return [] if mode == "none" else [mode]

    def _get_filter_parameters(self) -> list[dict[str, Any]]:
        if not self.declares or self.view.action != "list":
            return []
        return schema_fields.filters(getattr(self.view, "filterset_class", None))

    def _resolve_path_parameters(self, variables: list[str]) -> list[dict[str, Any]]:
        text = {"type": "string"}
        prefix = getattr(self.view, "prefix", "")
        shape = text | (
            {"pattern": f"^{prefix}_", "examples": [f"{prefix}_01h455vb4pex5vsknk084sn02q"]} if prefix else {}
        )
        return [
            build_parameter_type(
                name=name, location=OpenApiParameter.PATH, schema=shape if name in ("id", "pk") else text
            )
            for name in variables
        ]

    def _is_list_view(self, serializer: Any = None) -> bool:
        if not self.declares:
            return bool(super()._is_list_view(serializer))
        # An answer that the view declares for its list describes the whole envelope.
        return bool(self.view.action == "list" and "list" not in self.view.responses)

    def get_auth(self) -> list[dict[str, Any]]:
        """This function will return the security requirements; an empty one admits strangers."""
        found: list[dict[str, Any]] = super().get_auth() or []
        admitted = self.view.audiences.get(self.view.action, self.view.audience) if self.declares else ()
        return [*found, {}] if "anonymous" in admitted else found

    def _map_serializer_field(self, field: Any, direction: Any, bypass_extensions: bool = False) -> Any:
        known = schema_fields.of(field)
        if known is None:
            return super()._map_serializer_field(field, direction, bypass_extensions)  # type: ignore[no-untyped-call]
        return known | self._get_serializer_field_meta(field, direction)  # type: ignore[no-untyped-call]
