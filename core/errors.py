"""The six ways the house says no.

A domain subclasses one of these beside the code that refuses and names the subclass as a fact (`AlreadyCanceled`).
`core.problems` is the only place that knows which HTTP status each becomes.
"""

from typing import Any, ClassVar


class Refusal(Exception):
    """A request that was understood and is refused; nothing was changed.

    `code` is the stable machine word, `title` the sentence for people, `detail` an optional longer explanation.
    Keyword arguments become members of the problem document, so they are primitives and never secrets.
    """

    code: ClassVar[str] = "refused"
    title: ClassVar[str] = "The request was refused."

    def __init__(self, detail: str = "", **members: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.members = members


class NotFound(Refusal):
    code = "not_found"
    title = "There is no such resource."


class Conflict(Refusal):
    code = "conflict"
    title = "The resource is in a state that does not allow this."


class Invalid(Refusal):
    code = "validation_failed"
    title = "The request is well formed but not valid."


class Forbidden(Refusal):
    code = "forbidden"
    title = "You are not allowed to do this."


class Unavailable(Refusal):
    code = "unavailable"
    title = "This is not available at the moment."


class Exhausted(Refusal):
    code = "exhausted"
    title = "There is nothing left to take from."
