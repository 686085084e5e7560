"""The tour: the main job before one's eyes, over HTTP alone, each step checked."""

from collections.abc import Sequence

from local.client import Client
from local.receiver import Receiver
from local.story import Report, TourResult, TourSettings
from local.tour import bills, changes, clock, company, dunning, gifts, proof, subscribing, usage, visit, webhooks
from local.tour.stage import Act, Stage, play

FIRST_VISIT: Sequence[Act] = (
    ("The plans on offer", company.offer_plans),
    ("A webhook endpoint", webhooks.register_endpoint),
    ("Ada registers and logs in", subscribing.register),
    ("Ada starts a trial", subscribing.start_trial),
    ("The same request again", subscribing.repeat_request),
    ("Ada puts in a test card", subscribing.put_in_card),
    ("Bob's card, which will fail later", subscribing.put_in_failing_card),
    ("Carol subscribes with three seats", subscribing.subscribe_with_seats),
    ("Carol's first invoice is paid", subscribing.await_first_payment),
    ("Carol uses up a hard limit", usage.use_up_limit),
    ("Carol's API calls are counted", usage.send_events),
    ("Fifteen days pass", clock.pass_trial),
    ("Ada's trial became a paid month", subscribing.check_conversion),
    ("Bob's card was declined", subscribing.check_decline),
    ("A month passes", clock.pass_month),
    ("Bob's invoice was tried again, and given up", dunning.check_retries),
    ("Ada's renewal was charged", subscribing.check_renewal),
    ("Carol's usage was billed", usage.check_arrears),
    ("Carol plans more seats, for later", changes.plan),
    ("Carol takes a break", changes.pause),
    ("Ten days pass", clock.pass_break),
    ("Carol goes on, her days given back", changes.resume),
    ("Another month passes", clock.pass_month),
    ("The next period has five seats", changes.check),
    ("The clock tells what it brought", clock.tell),
    ("Taxes and a coupon are set up", bills.set_up),
    ("Carol is given wallet credit", bills.give_credit),
    ("Carol asks for a quote", bills.ask_quote),
    ("Carol is billed what was quoted", bills.issue),
    ("A part of it is taken back", bills.credit),
    ("The invoice is printed", bills.fetch_pdf),
    ("The invoice explains itself", bills.explain),
    ("Ada buys a gift", gifts.buy),
    ("The gift arrives by mail", gifts.await_mail),
    ("Dora redeems the gift", gifts.redeem),
    ("Carol gets money back", subscribing.refund),
    ("Webhooks came in signed", webhooks.check_deliveries),
    ("The event feed has no gap", webhooks.check_feed),
    ("Every rule of the books holds", proof.check_invariants),
    ("Its history tells the revenue", proof.check_revenue),
    ("The audit log is whole", proof.verify_audit),
)
LATER_VISIT: Sequence[Act] = (
    ("The company is as it was left", visit.count_company),
    ("Money that came in", visit.count_money),
    ("The outbox is empty", visit.check_outbox),
)


def run(settings: TourSettings, report: Report) -> TourResult:
    """This function will show the main job, the whole story where there is no history yet, and count what was right."""
    with Receiver().listening() as receiver:
        stage = Stage(settings=settings, api=Client(settings.base_url, settings.api_key), receiver=receiver)
        return play(FIRST_VISIT if settings.first_run else LATER_VISIT, stage, report)
