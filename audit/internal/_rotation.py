"""Changing the key: the chain itself says so, in the old key's hand and with the new one's proof."""

from django.db import transaction

from audit import chain, keys, services
from audit.internal import _places
from audit.models import Entry, Head, Seal
from core import errors, ids
from core.actor import SYSTEM
from core.models import Environment
from core.tenancy import scope


class UnknownAuditKey(errors.Invalid):
    code = "unknown_audit_key"
    title = "No secret is configured for this key of the audit log."


def rotate_key(to: str) -> list[str]:
    """This function will have every chain go over to a key and return the names of the chains that did.

    :raises UnknownAuditKey: unless it and the keys in force until now are configured.
    """
    if keys.find(to) is None:
        raise UnknownAuditKey(key_id=to)
    with transaction.atomic():
        environments = list(Environment.objects.select_related("tenant").order_by("id"))
    rotated = []
    for environment in environments:
        with scope(environment.as_scope()):
            rotated += [services.chain_name()] if _rotate(to) else []
    return rotated


@transaction.atomic
def _rotate(to: str) -> bool:
    head = _places.head()
    if not head.key_ids or head.key_ids[-1] == to:
        return False
    if keys.find(head.key_ids[-1]) is None:
        raise UnknownAuditKey(key_id=head.key_ids[-1])
    _places.mark(head)
    announce(head, to).save()
    _places.mark(head)
    head.save(update_fields=["sequence", "mac", "key_ids"])
    return True


def announce(head: Head, to: str) -> Seal:
    """This function will write the entry of a change of keys at the end of the chain and return its seal, unsaved."""
    old = head.key_ids[-1]
    proof = chain.succession(keys.get(to), bytes(head.mac)).hex()
    entry = _entry(old, {"from": old, "to": to, "proof": proof})
    head.key_ids = [*head.key_ids, to]
    return _places.place(head, entry)


def _entry(key_id: str, meta: dict[str, str]) -> Entry:
    entry_id = ids.new()
    new = services.Happening(action=keys.ROTATED, target="", actor=SYSTEM.label, meta=meta)
    text = services.text_of(new, entry_id=entry_id, key_id=key_id)
    return Entry.objects.create(
        id=entry_id, at=new.at, actor=SYSTEM.label, action=keys.ROTATED, outcome=Entry.Outcome.SUCCESS, key_id=key_id,
        text=text, mac=chain.sign(keys.get(key_id), text),
    )  # fmt: skip
