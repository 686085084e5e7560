"""Migrating without rendering half of the house for each constraint, and with triggers that nobody turns off.

To add a constraint, an index or a trigger, Django makes anew the class of the table, of every table it refers to, and
of every table that refers to those: here, where each row names its environment, nearly all of them. None of these is
any different afterwards. Whatever only changes such an option is therefore told to the class that is there. Everything
else is left to Django. See docs/adr/0019-migrating.md.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.db import connections
from django.db.migrations.state import ModelState, ProjectState

# What a class is told by its Meta alone, and what no relation, field or manager depends on.
TOLD: Final = ("constraints", "indexes", "triggers")
_MADE_FROM: Final = "_perennial_made_from"
# Django-pgtrigger lets a session turn triggers off for itself, by naming them in a setting: `SET pgtrigger.ignore`.
# Each firing asks this function, which each migration of a trigger writes anew; as it stands here it is folded away.
_KEEP_ON: Final = """
DO $$ BEGIN
  IF to_regprocedure('_pgtrigger_should_ignore(name)') IS NOT NULL THEN
    CREATE OR REPLACE FUNCTION _pgtrigger_should_ignore(trigger_name name) RETURNS boolean
      LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT false';
  END IF;
END $$
"""


@contextmanager
def options_are_told() -> Iterator[None]:
    """This function will have Django tell a class of its new constraints, indexes and triggers while it runs."""
    reload_model, render = ProjectState.reload_model, ModelState.render
    setattr(ProjectState, "reload_model", _reload_or_tell(reload_model))  # noqa: B010 - mypy knows no assignment to it
    setattr(ModelState, "render", _remembering(render))  # noqa: B010
    try:
        yield
    finally:
        setattr(ProjectState, "reload_model", reload_model)  # noqa: B010
        setattr(ModelState, "render", render)  # noqa: B010


def keep_triggers_on(database: str) -> None:
    """This function will let no session turn a trigger off for itself, whatever role it has."""
    with connections[database].cursor() as cursor:
        cursor.execute(_KEEP_ON)


def _reload_or_tell(reload_model: Any) -> Any:
    def reload(state: Any, app_label: str, model_name: str, delay: bool = False) -> None:
        if "apps" not in state.__dict__ or not _tell(state, app_label, model_name.lower()):
            reload_model(state, app_label, model_name, delay)

    return reload


def _tell(state: Any, app_label: str, name: str) -> bool:
    """Whether the class that is there could be told: it was made from the same fields, bases, managers and options."""
    wanted: ModelState | None = state.models.get((app_label, name))
    known: Any = state.apps.all_models[app_label].get(name)
    if wanted is None or getattr(known, _MADE_FROM, None) != _made_from(wanted):
        return False
    for option in TOLD:
        if option in wanted.options:
            setattr(known._meta, option, list(wanted.options[option]))
            known._meta.original_attrs[option] = known._meta.__dict__[option]
    return True


def _remembering(render: Any) -> Any:
    def rendered(state: ModelState, apps: Any) -> Any:
        made = render(state, apps)
        setattr(made, _MADE_FROM, _made_from(state))
        return made

    return rendered


def _made_from(state: ModelState) -> tuple[Any, ...]:
    fields = [(name, id(field)) for name, field in state.fields.items()]
    options = {name: value for name, value in state.options.items() if name not in TOLD}
    return fields, state.bases, [name for name, _ in state.managers], options
