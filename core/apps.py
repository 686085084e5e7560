from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class CoreConfig(AppConfig):
    name = "core"
    verbose_name = "House"

    def ready(self) -> None:
        """This function will load what registers itself: facts, receivers, reactions, job kinds, adapters."""
        autodiscover_modules("signals", "receivers", "handlers", "tasks", "invariants", "selectors", "conformance")
