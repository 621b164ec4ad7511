"""Discord's error codes: what each means on the wire."""

from typing import Any

from bot.local.model import Wire

# code → (HTTP status, message)
CODES: dict[int, tuple[int, str]] = {
    0: (404, "404: Not Found"),
    10002: (404, "Unknown Application"),
    10003: (404, "Unknown Channel"),
    10004: (404, "Unknown Guild"),
    10007: (404, "Unknown Member"),
    10008: (404, "Unknown Message"),
    10011: (404, "Unknown Role"),
    10013: (404, "Unknown User"),
    10014: (404, "Unknown Emoji"),
    10015: (404, "Unknown Webhook"),
    10062: (404, "Unknown interaction"),
    10063: (404, "Unknown application command"),
    10066: (404, "Unknown application command permissions"),
    20016: (429, "This action cannot be performed due to slowmode rate limit"),
    30033: (400, "Max number of thread participants has been reached (1000)"),
    30034: (400, "Max number of daily application command creates has been reached (200)"),
    30046: (400, "Maximum number of edits to messages older than 1 hour reached. Try again later"),
    40001: (401, "Unauthorized"),
    40003: (400, "You are opening direct messages too fast"),
    40005: (413, "Request entity too large"),
    40060: (400, "Interaction has already been acknowledged."),
    40094: (400, "This interaction has reached the maximum number of follow up messages"),
    50001: (403, "Missing Access"),
    50003: (403, "Cannot execute action on a DM channel"),
    50005: (403, "Cannot edit a message authored by another user"),
    50006: (400, "Cannot send an empty message"),
    50007: (403, "Cannot send messages to this user"),
    50013: (403, "Missing Permissions"),
    50016: (400, "Provided too few or too many messages to delete. Must provide at least 2 and at most 100."),
    50024: (400, "Cannot execute action on this channel type"),
    50027: (401, "Invalid Webhook Token"),
    50033: (400, "Invalid Recipient(s)"),
    50034: (400, "A message provided was too old to bulk delete"),
    50035: (400, "Invalid Form Body"),
    50083: (400, "Thread is archived"),
    50109: (400, "The request body contains invalid JSON."),
    50278: (403, "Cannot send messages to this user due to having no mutual guilds"),
    130000: (503, "API resource is currently overloaded. Try again a little later"),
    160002: (400, "Cannot reply without permission to read message history"),
    160004: (400, "A thread has already been created for this message"),
    160006: (400, "Maximum number of active threads reached"),
}


class ApiError(Exception):
    """An answer with one of Discord's codes."""

    def __init__(
        self,
        code: int,
        *,
        status: int | None = None,
        message: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        default_status, default_message = CODES.get(code, (400, "Bad Request"))
        self.code = code
        self.status = default_status if status is None else status
        self.message = message or default_message
        self.headers = headers or {}
        super().__init__(f"{self.status} {self.code} {self.message}")

    def body(self) -> Wire:
        return {"message": self.message, "code": self.code}


class FormError(ApiError):
    """400/50035 with Discord's tree of what is wrong where."""

    def __init__(self, errors: Wire) -> None:
        super().__init__(50035)
        self.errors = errors

    def body(self) -> Wire:
        return {**super().body(), "errors": self.errors}


class Form:
    """Collect mistakes by their path, then raise them as one tree.

    >>> form = Form()
    >>> form.wrong(("embeds", 0, "title"), "BASE_TYPE_MAX_LENGTH", "Must be 256 or fewer in length.")
    >>> form.tree()["embeds"]["0"]["title"]["_errors"][0]["code"]
    'BASE_TYPE_MAX_LENGTH'
    """

    def __init__(self) -> None:
        self._mistakes: list[tuple[tuple[str | int, ...], str, str]] = []

    def wrong(self, path: tuple[str | int, ...], code: str, message: str) -> None:
        self._mistakes.append((path, code, message))

    def tree(self) -> Wire:
        tree: dict[str, Any] = {}
        for path, code, message in self._mistakes:
            node = tree
            for part in path:
                node = node.setdefault(str(part), {})
            node.setdefault("_errors", []).append({"code": code, "message": message})
        return tree

    def raise_if_wrong(self) -> None:
        if self._mistakes:
            raise FormError(self.tree())
