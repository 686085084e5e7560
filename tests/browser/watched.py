"""What a browser complains of while somebody looks at a page."""

from playwright.sync_api import ConsoleMessage, Page, Request, Response

OWN = ("data:", "blob:")
BAD = 400


class Watched:
    """Collects errors of scripts, violations of the content security policy, requests to other hosts and failures."""

    def __init__(self, house: str) -> None:
        self.house = house
        self.all: list[str] = []

    def listen(self, page: Page) -> None:
        """This function will begin to collect."""
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.all.append(f"{page.url}: {error}"))
        page.on("request", self._asked)
        page.on("response", self._answered)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.all.append(f"{message.location.get('url')}: {message.text}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.house, *OWN)):
            self.all.append(f"another host: {request.url}")

    def _answered(self, response: Response) -> None:
        if response.status >= BAD:
            self.all.append(f"{response.status}: {response.url}")
