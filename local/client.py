"""A small HTTP client of the API: what a client developer would write on his first day."""

import json
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import urllib3

SECONDS = 30.0


class Refused(Exception):
    """The API said no; `problem` is its problem document, `code` the reason for programs."""

    def __init__(self, request: str, status: int, problem: dict[str, Any]) -> None:
        self.status, self.problem = status, problem
        self.code = str(problem.get("code", ""))
        said = problem.get("detail") or problem.get("title") or "no problem document"
        fields = "; ".join(f"{one.get('pointer')} {one.get('message')}" for one in problem.get("errors", ()))
        super().__init__(f"{request}: {status} {self.code}: {said}{f' ({fields})' if fields else ''}")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A successful answer; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: Any


class Client:
    """Speaks JSON to one Perennial with one credential, which may be an API key or a customer's access token."""

    def __init__(self, base_url: str, credential: str, pool: urllib3.PoolManager | None = None) -> None:
        self.base_url, self._credential = base_url, credential
        self._pool = pool or urllib3.PoolManager(retries=False, timeout=SECONDS)

    def acting_as(self, credential: str) -> "Client":
        """This function will return a client with another credential on the same connections."""
        return Client(self.base_url, credential, self._pool)

    def get(self, path: str, **query: str | int) -> Any:
        """This function will return the body of `GET /api/v1<path>`; raises `Refused`."""
        return self.send("GET", f"{path}?{urlencode(query)}" if query else path).body

    def post(self, path: str, body: dict[str, Any] | None = None, *, key: str | None = None) -> Any:
        """This function will return the body of `POST /api/v1<path>`; raises `Refused`."""
        return self.send("POST", path, body if body is not None else {}, key=key).body

    def send(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> Answer:
        """This function will send a request, a POST with an Idempotency-Key, its own or a fresh one.

        :raises Refused: for every status of 400 and above.
        """
        headers = {"Authorization": f"Bearer {self._credential}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if method == "POST":
            headers["Idempotency-Key"] = key or secrets.token_hex(16)
        content = None if body is None else json.dumps(body)
        response = self._pool.request(method, f"{self.base_url}/api/v1{path}", body=content, headers=headers)
        if response.status >= 400:
            raise Refused(f"{method} {path}", response.status, _problem(response.data))
        found = {name.lower(): value for name, value in response.headers.items()}
        return Answer(status=response.status, headers=found, body=json.loads(response.data) if response.data else None)


def _problem(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
