"""Where files are: the read-only assets beside the packages, and the person's data directory."""

import os
import sys
from pathlib import Path


def assets_dir() -> Path:
    """Return the folder of the shipped data files (`STUDIOHAND_ASSETS` overrides it)."""
    override = os.environ.get("STUDIOHAND_ASSETS")
    return Path(override) if override else Path(__file__).resolve().parent.parent / "assets"


def default_data_dir() -> Path:
    """Return the data directory by the platform's custom."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "Studiohand"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "Studiohand"
    return Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local" / "share")) / "studiohand"
