"""Reading an answer: text to its shape, or one named reason why not."""

import json

from pydantic import ValidationError

from bot.ai.model import ReplyT


class Unparsable(Exception):
    """The text is not an answer in its shape. The message holds no text of the answer."""


def parse_reply(text: str, shape: type[ReplyT], max_characters: int) -> ReplyT:
    """Return the answer in its shape; a code fence around the JSON is forgiven, nothing else is.

    Raises Unparsable for empty, too long, broken or wrongly typed text.
    """
    body = text.strip()
    if not body:
        raise Unparsable("empty")
    if len(body) > max_characters:
        raise Unparsable(f"{len(body)} characters")
    if body.startswith("```"):
        body = body.partition("\n")[2].removesuffix("```").strip()
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise Unparsable("not JSON") from None
    try:
        return shape.model_validate(document)
    except ValidationError as error:
        places = sorted({".".join(str(part) for part in one["loc"][:3]) or "top" for one in error.errors()})
        raise Unparsable("wrong shape at " + ", ".join(places[:5])) from None
    except RecursionError:
        raise Unparsable("too deep") from None
