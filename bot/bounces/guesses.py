"""Wrong keys by address: after some within a window nobody there is asked about an unknown key for a while."""

import ipaddress
from collections import OrderedDict, deque
from datetime import datetime, timedelta
from typing import TypeVar

from bot.bounces.folders import key_hash
from bot.bounces.rules import BounceRules
from bot.clock import Clock

T = TypeVar("T")

_MOST_KNOWN = 1_000
"""Addresses and keys that are remembered; the oldest is forgotten first."""


class Guesses:
    """Counts wrong keys in memory. A key that was right lately gets through whatever others at its address do."""

    def __init__(self, rules: BounceRules, clock: Clock) -> None:
        self._most, self._window = rules.wrong_keys, timedelta(seconds=rules.wrong_keys_window_s)
        self._clock = clock
        self._wrong: OrderedDict[str, deque[datetime]] = OrderedDict()
        self._right: OrderedDict[str, None] = OrderedDict()

    def wait_s(self, address: str | None, secret: str) -> int:
        """Return for how many seconds this key is not looked at; 0: it is now."""
        wrong = self._wrong.get(_network(address), deque())
        over = self._clock.now() - self._window
        while wrong and wrong[0] <= over:
            wrong.popleft()
        if len(wrong) < self._most or key_hash(secret) in self._right:
            return 0
        return max(1, int((wrong[0] - over).total_seconds()))

    def note(self, address: str | None, secret: str, *, right: bool) -> None:
        """Remember how a key turned out."""
        if right:
            _keep(self._right, key_hash(secret), None)
            return
        self._right.pop(key_hash(secret), None)
        network = _network(address)
        wrong = self._wrong.get(network) or deque(maxlen=self._most)
        wrong.append(self._clock.now())
        _keep(self._wrong, network, wrong)


def _keep(known: OrderedDict[str, T], key: str, value: T) -> None:
    known[key] = value
    known.move_to_end(key)
    while len(known) > _MOST_KNOWN:
        known.popitem(last=False)


def _network(address: str | None) -> str:
    """Return what counts as one address: somebody with IPv6 has a whole /64 of them.

    >>> _network("2001:db8::1") == _network("2001:db8::ffff"), _network("192.0.2.1")
    (True, '192.0.2.1')
    """
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return address or ""
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
