"""What the edge itself refuses, before or around the domain, and the signal that tells of refused credentials."""

from typing import Any, ClassVar

from django.dispatch import Signal

from core import errors

# Sent after the rollback of a request that ended 401 or 403, with `actor_label`, `code`, `status` and `environment_id`
# (None where no environment was known). Whoever keeps records of it opens a transaction of his own.
denied = Signal()


class Malformed(errors.Refusal):
    """The request could not be read."""

    code = "malformed_request"
    title = "The request could not be read."


class MalformedJson(Malformed):
    code = "malformed_json"
    title = "The body is not valid JSON."


class TooDeep(Malformed):
    code = "too_deep"
    title = "The body is nested too deeply."


class InvalidCursor(Malformed):
    code = "invalid_cursor"
    title = "The cursor does not belong to this list."


class InvalidParameter(Malformed):
    code = "invalid_parameter"
    title = "A query parameter is not valid."


class UnknownParameter(InvalidParameter):
    code = "unknown_parameter"
    title = "A query parameter is not known here."


class DuplicateParameter(InvalidParameter):
    code = "duplicate_parameter"
    title = "A query parameter was given more than once."


class IdempotencyKeyMissing(Malformed):
    code = "idempotency_key_missing"
    title = "This request needs an Idempotency-Key header."
    headers: ClassVar[dict[str, str]] = {"Link": '</docs/problems#idempotency_key_missing>; rel="describedby"'}


class IdempotencyKeyInvalid(Malformed):
    code = "idempotency_key_invalid"
    title = "The Idempotency-Key header is not one key of 1 to 255 visible ASCII characters without commas."


class IdempotencyKeySensitive(errors.Invalid):
    """A key is stored as it was sent, so it must be nothing that is never stored."""

    code = "idempotency_key_sensitive"
    title = "The Idempotency-Key looks like a card number or a credential, which is never stored. Use a UUID."


class Unauthenticated(errors.Refusal):
    """Who asks is not known, or his credentials are not good."""

    code = "unauthenticated"
    title = "Valid credentials are needed."


class MethodNotAllowed(errors.Refusal):
    code = "method_not_allowed"
    title = "The method is not allowed here."


class LengthRequired(errors.Refusal):
    code = "length_required"
    title = "The body needs a Content-Length."


class TooLarge(errors.Refusal):
    code = "body_too_large"
    title = "The body is too large."


class UnsupportedMedia(errors.Refusal):
    code = "unsupported_media_type"
    title = "The body must be application/json in UTF-8."


class RateLimited(errors.Refusal):
    """`retry_after` is in whole seconds."""

    code = "rate_limited"
    title = "Too many requests."

    def __init__(self, detail: str = "", *, retry_after: int = 1, **members: Any) -> None:
        super().__init__(detail, **members)
        self.headers = {"Retry-After": str(retry_after)}


class ValidationFailed(errors.Invalid):
    """The shape of the body is wrong; `errors` says where: `[{pointer, code, message}]`."""

    code = "validation_failed"
    title = "The request is well formed but not valid."

    def __init__(self, found: list[dict[str, str]], detail: str = "") -> None:
        super().__init__(detail, errors=found)


class ObjectExpected(errors.Invalid):
    code = "object_expected"
    title = "The body must be a JSON object."


class IdempotencyKeyReused(errors.Invalid):
    code = "idempotency_key_reused"
    title = "The Idempotency-Key was used for another request."


class IdempotencyInProgress(errors.Conflict):
    code = "idempotency_in_progress"
    title = "The first request with this Idempotency-Key is still running."
    headers: ClassVar[dict[str, str]] = {"Retry-After": "1"}


class AnswerTooLarge(errors.Invalid):
    """`limit_bytes` is the most that is kept of an answer."""

    code = "answer_too_large"
    title = "The answer would be too large to be kept for a repeat. Ask for less at once, or without a key."


class Busy(errors.Unavailable):
    code = "busy"
    title = "Too much is going on at the same place; try again."
    headers: ClassVar[dict[str, str]] = {"Retry-After": "1"}


class DatabaseUnavailable(errors.Unavailable):
    code = "unavailable"
    title = "The service is not available at the moment."
    headers: ClassVar[dict[str, str]] = {"Retry-After": "2"}


class OutOfRange(errors.Invalid):
    code = "out_of_range"
    title = "A value is too long or too large to be stored."


class ConstraintViolated(errors.Conflict):
    code = "constraint_violated"
    title = "The change contradicts what is stored."
