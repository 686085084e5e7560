"""What the database itself holds against every writer of a subscription's row."""

from datetime import timedelta
from typing import Final

import pgtrigger
from django.db import models
from django.db.models import F, Q

from core.periods import Alignment
from subscriptions import mrr, states
from subscriptions.proration import Refund

_REFUSE = "RAISE EXCEPTION '{why}' USING ERRCODE = 'check_violation', CONSTRAINT = '{name}'"
_TRANSITION = f"""
IF TG_OP = 'INSERT' THEN
  IF NEW.status NOT IN ({states.sql_list(states.TRANSITIONS[states.NEW])}) THEN
    {_REFUSE.format(why="a subscription cannot begin so", name="subscriptions_subscription_transition")};
  END IF;
ELSIF OLD.status IN ({states.sql_list(states.TERMINAL)}) AND OLD.* IS DISTINCT FROM NEW.* THEN
  {_REFUSE.format(why="nothing leaves a terminal state", name="subscriptions_subscription_terminal")};
ELSIF OLD.status <> NEW.status AND (OLD.status, NEW.status) NOT IN ({states.sql_pairs()}) THEN
  {_REFUSE.format(why="the state table has no such transition", name="subscriptions_subscription_transition")};
END IF;
RETURN NEW;
"""
# Whoever writes the row: its customer has tried what it is of when its trial begins, whatever it becomes later. The
# unique index of the uses refuses a second time. A trial that is there already is noted.
_TRIED = """
IF TG_OP = 'INSERT' OR OLD.status <> NEW.status THEN
  INSERT INTO subscriptions_trialuse (id, environment_id, subscription_id, scope, kind, digest, created_at)
  SELECT gen_random_uuid(), NEW.environment_id, NEW.id, tried.scope, 'customer', tried.digest, NEW.trial_starts_at
  FROM (SELECT COALESCE('family:' || NEW.family, 'plan:' || NEW.plan_id) AS scope,
               encode(sha256(convert_to('customer:' || NEW.customer_id, 'UTF8')), 'hex') AS digest) tried
  WHERE NOT EXISTS (
    SELECT 1 FROM subscriptions_trialuse u
    WHERE u.environment_id = NEW.environment_id AND u.scope = tried.scope AND u.kind = 'customer'
      AND u.digest = tried.digest AND u.subscription_id = NEW.id);
END IF;
RETURN NULL;
"""

INDEXES: Final = [
    models.Index(fields=["customer", "-id"], name="subscriptions_of_customer"),
    models.Index(
        fields=["renews_at"],
        condition=Q(status__in=states.RENEWING, renews_at__isnull=False),
        name="subscriptions_renewing",
    ),
    models.Index(fields=["trial_ends_at"], condition=Q(status=states.TRIALING), name="subscriptions_converting"),
    models.Index(fields=["starts_at"], condition=Q(status=states.SCHEDULED), name="subscriptions_starting"),
    models.Index(fields=["unpaid_deadline_at"], condition=Q(status=states.INCOMPLETE), name="subscriptions_unpaid"),
    models.Index(
        fields=["cancel_at"],
        condition=Q(status__in=states.LIVE, cancel_at__isnull=False),
        name="subscriptions_canceling",
    ),
    models.Index(
        fields=["pauses_at"],
        condition=Q(status__in=states.RENEWING, pauses_at__isnull=False),
        name="subscriptions_pausing",
    ),
    models.Index(
        fields=["resumes_at"],
        condition=Q(status=states.PAUSED, resumes_at__isnull=False),
        name="subscriptions_resuming",
    ),
    models.Index(fields=["remind_at"], condition=Q(remind_at__isnull=False), name="subscriptions_reminding"),
    models.Index(
        fields=["ends_at"],
        condition=Q(status__in=states.LIVE, ends_at__isnull=False),
        name="subscriptions_fixed_term",
    ),
]

CONSTRAINTS: Final[list[models.BaseConstraint]] = [
    models.UniqueConstraint(
        fields=["environment", "customer", "family"],
        condition=Q(status__in=states.LIVE, family__isnull=False),
        name="subscriptions_subscription_one_live_per_family",
    ),
    models.CheckConstraint(condition=Q(status__in=states.STATES), name="subscriptions_subscription_known_status"),
    models.CheckConstraint(condition=Q(quantity__gte=1), name="subscriptions_subscription_quantity"),
    models.CheckConstraint(
        condition=Q(period_starts_at=None, period_ends_at=None, period_index=None)
        | Q(period_starts_at__lt=F("period_ends_at")),
        name="subscriptions_subscription_period_is_a_span",
    ),
    models.CheckConstraint(
        condition=Q(status__in=(states.SCHEDULED, *states.TERMINAL)) | Q(period_ends_at__isnull=False),
        name="subscriptions_subscription_running_has_a_period",
    ),
    models.CheckConstraint(
        condition=Q(period_index=None, period_boundary=None)
        | Q(
            anchor_at__isnull=False,
            period_index__isnull=False,
            period_boundary__isnull=False,
            cycle_starts_at__lte=F("period_starts_at"),
        ),
        name="subscriptions_subscription_periods_have_an_anchor",
    ),
    models.CheckConstraint(
        condition=Q(renews_at=None)
        | (
            Q(renews_at=F("period_ends_at"))
            & (Q(cancel_at=None) | Q(cancel_at__gt=F("period_ends_at")))
            & (Q(ends_at=None) | Q(ends_at__gt=F("period_ends_at")))
            & (Q(pauses_at=None) | Q(pauses_at__gt=F("period_ends_at")))
            & Q(paused_at=None)
        ),
        name="subscriptions_subscription_renews_at_period_end",
    ),
    models.CheckConstraint(
        condition=Q(status=states.PAUSED, paused_at__isnull=False, pauses_at=None)
        | (~Q(status=states.PAUSED) & Q(paused_at=None, resumes_at=None)),
        name="subscriptions_subscription_paused_is_stamped",
    ),
    models.CheckConstraint(
        condition=Q(resumes_at=None) | Q(resumes_at__gt=F("paused_at")),
        name="subscriptions_subscription_pause_is_a_span",
    ),
    models.CheckConstraint(
        condition=Q(pauses_at=None) | Q(status__in=states.RENEWING),
        name="subscriptions_subscription_pauses_while_it_runs",
    ),
    models.CheckConstraint(
        condition=Q(given_back=None) | Q(given_back__gte=timedelta(0), period_index__isnull=False),
        name="subscriptions_subscription_given_back",
    ),
    models.CheckConstraint(
        condition=Q(cancel_refund__in=[one.value for one in Refund]),
        name="subscriptions_subscription_known_refund",
    ),
    models.CheckConstraint(
        condition=~Q(status=states.TRIALING)
        | Q(trial_starts_at__lt=F("trial_ends_at"), trial_ends_at=F("period_ends_at")),
        name="subscriptions_subscription_trial_is_a_span",
    ),
    models.CheckConstraint(
        condition=~Q(status=states.INCOMPLETE) | Q(unpaid_deadline_at__isnull=False),
        name="subscriptions_subscription_incomplete_has_a_deadline",
    ),
    models.CheckConstraint(
        condition=Q(status__in=states.TERMINAL, ended_at__isnull=False, renews_at=None)
        | (~Q(status__in=states.TERMINAL) & Q(ended_at=None)),
        name="subscriptions_subscription_ended_when_terminal",
    ),
    models.CheckConstraint(
        condition=Q(status=states.CANCELED, canceled_at__isnull=False) | ~Q(status=states.CANCELED),
        name="subscriptions_subscription_canceled_is_stamped",
    ),
    models.CheckConstraint(
        condition=Q(alignment__in=[one.value for one in Alignment]), name="subscriptions_subscription_known_alignment"
    ),
    models.CheckConstraint(
        condition=Q(wanted_anchor_at=None) | Q(alignment=Alignment.ANNIVERSARY.value),
        name="subscriptions_subscription_one_anchor",
    ),
    models.CheckConstraint(
        condition=Q(arrears_from_at=None)
        | Q(arrears_from_at__gte=F("period_starts_at"), arrears_from_at__lte=F("period_ends_at")),
        name="subscriptions_subscription_terms_begin_in_the_period",
    ),
    models.CheckConstraint(
        condition=Q(quantity_from_at=None)
        | Q(quantity_from_at__gte=F("period_starts_at"), quantity_from_at__lte=F("period_ends_at")),
        name="subscriptions_subscription_quantity_in_period",
    ),
    models.CheckConstraint(
        condition=Q(term_intervals=None) | Q(term_intervals__gte=1),
        name="subscriptions_subscription_term_is_positive",
    ),
    models.CheckConstraint(
        condition=Q(mrr=0) | Q(mrr__gt=0, status__in=mrr.COUNTED), name="subscriptions_subscription_worth_while_it_runs"
    ),
]

TRANSITION: Final = pgtrigger.Trigger(
    name="subscription_transition",
    when=pgtrigger.Before,
    operation=pgtrigger.Insert | pgtrigger.Update,
    func=_TRANSITION,
)
TRIED: Final = pgtrigger.Trigger(
    name="subscription_tried",
    when=pgtrigger.After,
    operation=pgtrigger.Insert | pgtrigger.Update,
    condition=pgtrigger.Q(new__status=states.TRIALING),
    func=_TRIED,
)
