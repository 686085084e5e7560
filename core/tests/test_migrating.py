"""Migrating: what only changes a constraint, an index or a trigger makes no class anew."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import migrations, models
from django.db.migrations.state import ModelState, ProjectState
from django.db.models import Q

from core.migrating import options_are_told

POSITIVE = models.CheckConstraint(condition=Q(number__gt=0), name="positive")


@pytest.fixture
def told() -> Iterator[None]:
    with options_are_told():
        yield


def rendered() -> ProjectState:
    """Two tables, one of which refers to the other, as classes."""
    state = ProjectState()
    number = ("number", models.IntegerField())
    owner = ("owner", models.ForeignKey("core.Owner", on_delete=models.PROTECT, related_name="+"))
    key = ("id", models.BigAutoField(primary_key=True))
    state.add_model(ModelState("core", "Owner", [key]))
    state.add_model(ModelState("core", "Thing", [key, number, owner]))
    assert len(state.apps.get_models()) == 2
    return state


def after(state: ProjectState, operation: Any) -> ProjectState:
    following = state.clone()
    operation.state_forwards("core", following)
    return following


def of(state: ProjectState, name: str) -> Any:
    return state.apps.get_model("core", name)


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        (migrations.AddConstraint("Thing", POSITIVE), "positive"),
        (migrations.AddIndex("Thing", models.Index(fields=["number"], name="by_number")), "by_number"),
    ],
)
def test_an_option_is_told_to_the_class_that_is_there(told: None, operation: Any, name: str) -> None:
    before = rendered()
    following = after(before, operation)
    assert of(following, "Thing") is of(before, "Thing")
    assert of(following, "Owner") is of(before, "Owner")
    meta = of(following, "Thing")._meta
    assert [one.name for one in (*meta.constraints, *meta.indexes)] == [name]


def test_a_constraint_that_goes_is_forgotten(told: None) -> None:
    with_it = after(rendered(), migrations.AddConstraint("Thing", POSITIVE))
    without = after(with_it, migrations.RemoveConstraint("Thing", "positive"))
    assert of(without, "Thing")._meta.constraints == []
    assert [one.name for one in with_it.models["core", "thing"].options["constraints"]] == ["positive"]


@pytest.mark.parametrize(
    "operation",
    [
        migrations.AddField("Thing", "name", models.TextField(default="")),
        migrations.AlterField("Thing", "number", models.BigIntegerField()),
        migrations.AlterModelOptions("Thing", {"ordering": ["number"]}),
    ],
)
def test_everything_else_is_made_anew(told: None, operation: Any) -> None:
    before = rendered()
    following = after(before, operation)
    assert of(following, "Thing") is not of(before, "Thing")


def test_a_class_made_anew_knows_what_was_told(told: None) -> None:
    state = after(rendered(), migrations.AddConstraint("Thing", POSITIVE))
    state = after(state, migrations.AddField("Thing", "name", models.TextField(default="")))
    assert [one.name for one in of(state, "Thing")._meta.constraints] == ["positive"]


def test_afterwards_everything_is_as_django_has_it() -> None:
    with options_are_told():
        assert ProjectState.reload_model.__module__ == "core.migrating"
    assert ProjectState.reload_model.__module__ == ModelState.render.__module__ == "django.db.migrations.state"
    before = rendered()
    assert of(after(before, migrations.AddConstraint("Thing", POSITIVE)), "Thing") is not of(before, "Thing")
