"""Cells of a CSV: no text that somebody typed is run by a spreadsheet, and each comes back as it was typed."""

import re

_FORMULA = r"[=+\-@\t\r＝＋－＠]"
"""What a cell that a spreadsheet runs begins with; East Asian editions also run the full-width signs."""


def cell(value: object) -> str:
    """Return a value as a cell: a text that a spreadsheet would run gets an apostrophe before it.

    >>> cell("=1+2"), cell(None), cell(True), cell(-1.5)
    ("'=1+2", '', 'true', '-1.5')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    text = str(value)
    # A text with apostrophes of its own before the sign gets one more, so that reading takes away the right one.
    return f"'{text}" if re.match(f"'*{_FORMULA}", text) else text


def typed(text: str) -> str:
    """Return what somebody typed into a cell that `cell` has written.

    >>> typed("'=1+2"), typed("'tis")
    ('=1+2', "'tis")
    """
    return text[1:] if re.match(f"'+{_FORMULA}", text) else text
