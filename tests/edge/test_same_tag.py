"""Two people who decided about the same state at the same instant."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connections, transaction
from django.test import Client

from accounts.tests.factories import make_customer, make_key


def test_of_two_changes_with_one_tag_at_the_same_time_one_passes(committed: Any, sandbox_scope: Any) -> None:
    with sandbox_scope(), transaction.atomic():
        customer, key = make_customer(), make_key()
    path, headers = f"/api/v1/customers/{customer.public_id}", {"X-API-Key": key}
    tag = Client().get(path, headers=headers).headers["ETag"]

    def change(name: str) -> int:
        raw = json.dumps({"name": name})
        try:
            return Client().patch(path, raw, "application/json", headers=headers | {"If-Match": tag}).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(change, "abcd")) == [200, 412, 412, 412]
