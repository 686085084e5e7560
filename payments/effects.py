"""What payments does at a gateway within a request, in steps; see `core.idempotency.effects`."""

from typing import Any
from uuid import UUID

from core import clock
from core.idempotency import effects
from core.idempotency.effects import NeverHappened, Unanswered
from payments import services
from payments.api.serializers import PaymentMethodAttachmentBody, PaymentMethodBody
from payments.gateways.base import GatewaySilent


class Attaching:
    """`POST /payment-methods`. In hand is the card or the token that was sent."""

    status = 201

    def ask(self, subject: UUID, in_hand: Any) -> Any:
        """This function will have the gateway make a reusable token."""
        try:
            return services.ask_to_attach(attachment_id=subject, source=in_hand, now=clock.now())
        except GatewaySilent as silent:
            raise Unanswered from silent
        except services.CardForgotten as forgotten:
            raise NeverHappened from forgotten

    def note(self, subject: UUID, answer: Any) -> None:
        """This function will write down the token, or why there is none."""
        services.note_attachment(attachment_id=subject, answer=answer, now=clock.now())

    def finish(self, subject: UUID) -> Any:
        """This function will make the way to pay."""
        return PaymentMethodBody.of(services.finish_attachment(attachment_id=subject, now=clock.now()))

    def waiting(self, subject: UUID) -> Any:
        """This function will show the attachment, whose end is not known."""
        return PaymentMethodAttachmentBody.of(services.get_attachment(subject))

    def abandon(self, subject: UUID) -> None:
        """This function will close an attachment of which the gateway knows nothing."""
        services.abandon_attachment(attachment_id=subject, now=clock.now())


effects.register("payments.attach_payment_method", Attaching())
