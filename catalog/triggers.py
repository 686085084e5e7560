"""What the database itself refuses about published versions and add-ons, whoever writes the SQL."""

import pgtrigger

_REFUSE = "RAISE EXCEPTION '{words}' USING ERRCODE = 'check_violation', CONSTRAINT = '{name}'"

# FOR SHARE waits for a publication in flight, so that no price slips in behind it.
_PARENT_IS_DRAFT = """
PERFORM 1 FROM catalog_planversion WHERE id IN ({versions}) FOR SHARE;
IF EXISTS (SELECT 1 FROM catalog_planversion WHERE id IN ({versions}) AND published_at IS NOT NULL) THEN
  {refuse};
END IF;
RETURN {row};
"""

_FITS_ADDON = """
IF (SELECT kind = 'one_off' FROM catalog_addon WHERE id = NEW.addon_id) <> (NEW.interval IS NULL) THEN
  {refuse};
END IF;
RETURN NEW;
"""


def published_is_frozen() -> pgtrigger.Trigger:
    """This function will return the trigger that keeps a version as it was published."""
    return pgtrigger.Trigger(
        name="planversion_frozen",
        when=pgtrigger.Before,
        operation=pgtrigger.Update | pgtrigger.Delete,
        condition=pgtrigger.Q(old__published_at__isnull=False),
        func=_refuse("a published plan is frozen", "catalog_planversion_frozen") + ";",
    )


def frozen_with_version(table: str) -> list[pgtrigger.Trigger]:
    """This function will return the triggers that freeze the rows of a version once it is published."""
    refuse = _refuse("a published plan is frozen", f"catalog_{table}_frozen")
    return [
        pgtrigger.Trigger(
            name=f"{table}_frozen_{operation}",
            when=pgtrigger.Before,
            operation=condition,
            func=_PARENT_IS_DRAFT.format(versions=versions, refuse=refuse, row=row),
        )
        for operation, condition, versions, row in (
            ("insert", pgtrigger.Insert, "NEW.version_id", "NEW"),
            ("update", pgtrigger.Update, "NEW.version_id, OLD.version_id", "NEW"),
            ("delete", pgtrigger.Delete, "OLD.version_id", "OLD"),
        )
    ]


def frozen_with_addon() -> list[pgtrigger.Trigger]:
    """This function will return the triggers of an add-on's prices: they fit its kind, and never change or go."""
    return [
        pgtrigger.Trigger(
            name="price_fits_addon",
            when=pgtrigger.Before,
            operation=pgtrigger.Insert | pgtrigger.Update,
            condition=pgtrigger.Q(new__addon__isnull=False),
            func=_FITS_ADDON.format(
                refuse=_refuse("only what is charged once has no interval", "catalog_price_fits_addon")
            ),
        ),
        pgtrigger.Trigger(
            name="price_frozen_addon",
            when=pgtrigger.Before,
            operation=pgtrigger.Update | pgtrigger.Delete,
            condition=pgtrigger.Q(old__addon__isnull=False),
            func=_refuse("an add-on's prices are frozen", "catalog_price_frozen") + ";",
        ),
    ]


def kind_is_kept() -> pgtrigger.Trigger:
    """This function will return the trigger that keeps what an add-on is: its prices were made for its kind."""
    return pgtrigger.Trigger(
        name="addon_kind_kept",
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        condition=pgtrigger.Q(old__kind__df=pgtrigger.F("new__kind")),
        func=_refuse("an add-on keeps its kind", "catalog_addon_kind_kept") + ";",
    )


def _refuse(words: str, name: str) -> str:
    return _REFUSE.format(words=words.replace("'", "''"), name=name)
