from importlib import import_module

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "payments"
    verbose_name = "Payments"

    def ready(self) -> None:
        """This function will have the page of test cards written with the other reference pages."""
        import_module("payments.gateways.sandbox_guide")
