from django.apps import AppConfig
from django.conf import settings
from django.utils.module_loading import autodiscover_modules

from core import failpoints


class CoreConfig(AppConfig):
    name = "core"
    verbose_name = "House"

    def ready(self) -> None:
        """This function will load what registers itself, and arm the points where a proof wants the house to fail."""
        from core.idempotency import health, invariants  # noqa: F401 - they register themselves

        autodiscover_modules(
            "signals", "receivers", "handlers", "tasks", "invariants", "selectors", "purgers", "conformance"
        )
        autodiscover_modules("effects")
        failpoints.arm(settings.FAILPOINTS)
