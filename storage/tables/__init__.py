"""Mapped classes, one file an area. Importing this package registers every table."""

import importlib
import pkgutil

from storage.base import Base


def load_all() -> type[Base]:
    """Import every module of this package, so that `Base.metadata` is complete."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return Base
