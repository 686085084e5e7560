"""What the database itself refuses about coupons and tax rates, whoever writes the SQL."""

import pgtrigger

# What may change about a coupon that has been redeemed; the rest is what somebody was promised.
COUPON_LIVING_FIELDS = ("name", "redeem_by", "max_redemptions", "max_per_customer", "archived_at", "redeemed")
RATE_LIVING_FIELDS = ("name", "ends_at", "archived_at")

# A redemption that was given back counts too: invoices that are void now were computed with the coupon.
_PROMISED = """
IF EXISTS (SELECT 1 FROM billing_couponredemption r WHERE r.coupon_id = OLD.id) THEN
  RAISE EXCEPTION 'what a redeemed coupon promises does not change' USING ERRCODE = 'check_violation';
END IF;
RETURN NEW;
"""


def promised() -> pgtrigger.Trigger:
    """This function will return the trigger that keeps what a coupon promises once it has been redeemed."""
    return pgtrigger.Trigger(
        name="promised",
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        condition=pgtrigger.AnyChange(exclude=list(COUPON_LIVING_FIELDS), exclude_auto=False),
        func=_PROMISED,
    )


def same_holder() -> pgtrigger.Trigger:
    """This function will return the trigger that keeps who redeemed which coupon for what."""
    changed = pgtrigger.AnyChange(exclude=["cycles_used", "released_at", "removed_at"], exclude_auto=False)
    return pgtrigger.Protect(name="same_holder", operation=pgtrigger.Update, condition=changed)


def released_for_good() -> pgtrigger.Trigger:
    """This function will return the trigger that keeps a redemption as it was when it was given back."""
    return pgtrigger.Protect(
        name="released_for_good", operation=pgtrigger.Update, condition=pgtrigger.Q(old__released_at__isnull=False)
    )


def removed_for_good() -> pgtrigger.Trigger:
    """This function will return the trigger that lets a coupon that was taken off reduce no further invoice."""
    return pgtrigger.Protect(
        name="removed_for_good",
        operation=pgtrigger.Update,
        condition=pgtrigger.Q(old__removed_at__isnull=False)
        & (
            pgtrigger.Q(new__removed_at__df=pgtrigger.F("old__removed_at"))
            | pgtrigger.Q(new__cycles_used__gt=pgtrigger.F("old__cycles_used"))
        ),
    )


def redemption_kept() -> pgtrigger.Trigger:
    """This function will return the trigger that lets no redemption be deleted."""
    return pgtrigger.Protect(name="redemption_kept", operation=pgtrigger.Delete)


def rate_says_the_same() -> pgtrigger.Trigger:
    """This function will return the trigger that keeps what a tax rate says: another percentage is another rate."""
    changed = pgtrigger.AnyChange(exclude=list(RATE_LIVING_FIELDS), exclude_auto=False)
    return pgtrigger.Protect(name="says_the_same", operation=pgtrigger.Update, condition=changed)
