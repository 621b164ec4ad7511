"""The catalogue as pure code and services see it: a key and named parts in, a sentence out."""

from typing import Protocol


class Words(Protocol):
    """Texts of one language. A part called `count` chooses the plural form."""

    @property
    def locale(self) -> str: ...

    def __call__(self, key: str, /, **parts: object) -> str: ...
