"""Lines that wait until they can be sent: bounded, and what is given up is counted.

When the bound is reached, progress goes first (the next one says the same, newer), then the oldest log lines, then the oldest
metrics. How a job ends and its newest result are always kept.
"""
from __future__ import annotations

import threading
from collections import deque
from typing import Any, Deque, Dict, List, Tuple

from . import _values

PROGRESS, LOG, METRIC, EVENT, LAST = range(5)
_NAMES = {PROGRESS: "progress updates", LOG: "log lines", METRIC: "metric rows", EVENT: "phases or checkpoints"}
OVERHEAD = 200  # bytes that a waiting line takes beside its own
MAX_BYTES = 32 << 20

Line = Tuple[Any, bytes]  # whose it is, and the line


class Outbox:
    """Any thread may call any method, also from a signal handler that interrupts another call of the same thread."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self.max_bytes = max_bytes
        self._init()

    def _init(self) -> None:
        self._lock = threading.RLock()
        self._lines: List[Deque[Tuple[int, Any, bytes]]] = [deque() for _ in range(LAST + 1)]
        self._next = 0
        self._bytes = 0
        self._dropped: Dict[Any, Dict[int, int]] = {}

    def clear(self) -> None:
        """Forgets all, with a lock of its own: for the child of a fork, where another thread may have held the old one."""
        self._init()

    def __len__(self) -> int:
        return sum(map(len, self._lines))

    def put(self, owner: Any, rank: int, line: bytes) -> None:
        """Appends a line; older ones of lesser rank, or at last of the same, give way."""
        with self._lock:
            self._lines[rank].append((self._next, owner, line))
            self._next += 1
            self._bytes += len(line) + OVERHEAD
            if self._bytes > self.max_bytes:
                self._make_room()

    def _make_room(self) -> None:
        for rank in range(LAST):
            waiting = self._lines[rank]
            while waiting and self._bytes > self.max_bytes:
                _, owner, line = waiting.popleft()
                self._bytes -= len(line) + OVERHEAD
                counts = self._dropped.setdefault(owner, {})
                counts[rank] = counts.get(rank, 0) + 1

    def take(self, max_bytes: int, max_lines: int) -> List[Line]:
        """The oldest lines, in order, up to the bounds but at least one; what was left out is said by a log line before them."""
        out: List[Line] = []
        with self._lock:
            for owner, counts in self._dropped.items():
                out.append((owner, _left_out(counts)))
            self._dropped = {}
            size = 0
            while len(out) < max_lines:
                heads = [it for it in self._lines if it]
                if not heads:
                    break
                oldest = min(heads, key=_sequence)
                line = oldest[0][2]
                if size and size + len(line) > max_bytes:
                    break
                _, owner, line = oldest.popleft()
                self._bytes -= len(line) + OVERHEAD
                size += len(line) + 1
                out.append((owner, line))
        return out

    def forget(self, owner: Any) -> int:
        """Removes what waits for one owner; how many lines that were."""
        with self._lock:
            before = len(self)
            for rank, waiting in enumerate(self._lines):
                self._lines[rank] = deque(it for it in waiting if it[1] is not owner)
            self._bytes = sum(len(it[2]) + OVERHEAD for waiting in self._lines for it in waiting)
            self._dropped.pop(owner, None)
            return before - len(self)


def _sequence(waiting: Deque[Tuple[int, Any, bytes]]) -> int:
    return waiting[0][0]


def _left_out(counts: Dict[int, int]) -> bytes:
    what = " and ".join("%d %s" % (n, _NAMES[rank]) for rank, n in sorted(counts.items(), reverse=True))
    said = "headway: what was reported could not be sent in time and had to give way: %s are missing" % what
    return _values.encode({"type": "log", "level": "warning", "text": said})
