"""What the audit of dependencies says of each answer."""

import json

import pytest

from tests.audit import verdict

FINE = {"name": "yarl", "version": "1", "vulns": []}
WEAK = {"name": "pillow", "version": "2", "vulns": [{"id": "GHSA-1"}, {"id": "GHSA-2"}]}
SKIPPED = {"name": "alembic", "skip_reason": "Dependency not found on PyPI"}


@pytest.mark.parametrize(
    ("dependencies", "status", "words"),
    [
        ([FINE, SKIPPED], 0, "No known weakness in 1"),
        ([FINE, WEAK], 1, "pillow 2: GHSA-2"),
        ([SKIPPED], 0, "cannot be reached"),
    ],
)
def test_a_weakness_fails_and_no_network_says_so(dependencies: list[object], status: int, words: str) -> None:
    found = verdict(json.dumps({"dependencies": dependencies}))
    assert found[0] == status
    assert words in found[1]


@pytest.mark.parametrize("said", ["", "error", "[]", "{}"])
def test_an_answer_that_is_none_is_no_audit(said: str) -> None:
    assert verdict(said) == (0, "Not audited: advisories cannot be reached from here.")
