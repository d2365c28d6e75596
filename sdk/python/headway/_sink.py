"""Where a job's lines go. The thread that does the sending, and what the two ways of sending have in common."""
from __future__ import annotations

import logging
import threading
import time
from typing import Any, List, Optional

from . import _values
from ._outbox import LOG, MAX_BYTES, PROGRESS, Outbox

log = logging.getLogger("headway")


class Sink:
    """Takes lines from any thread without waiting for anything; a daemon thread of its own does the rest.

    A subclass implements `_turn`, called every `interval` seconds and when it is woken, and `_idle`, which says whether all is
    sent. After a fork the child's copy is silent: what is to be reported, the parent reports.
    """

    interval = 0.25
    # Whether a job of this sink is a job of its own, or lines of one that somebody else began.
    owns_jobs = False

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self.outbox = Outbox(max_bytes)
        self.jobs: List[Any] = []  # those that have been begun and not been ended
        self.off = False
        self._wake = threading.Event()
        self._closing_at: Optional[float] = None  # monotonic: when to give up
        self._thread: Optional[threading.Thread] = None
        self._noted: set = set()

    # ---- for jobs -----------------------------------------------------------------------------------------------------

    def begin(self, job: Any) -> None:
        self.jobs = self.jobs + [job]
        self._start()

    def put(self, job: Any, rank: int, line: bytes) -> None:
        if self.off or job.lost:
            return
        if len(line) > _values.LINE_MAX:
            self.note("a line of %d bytes was left out: 1 MiB is the most" % len(line))
            return
        self.outbox.put(job, rank, line)

    def note(self, said: str) -> None:
        """Something that the user should know: once, in the log of the program, by the sink's thread, and in each job's log."""
        if said in self._noted or self.off:
            return
        self._noted.add(said)
        for job in self.jobs:
            line = _values.encode({"type": "log", "level": "warning", "text": "headway: " + said})
            self.outbox.put(job, LOG, line)

    def hold_progress(self, job: Any) -> None:
        """Puts the newest progress of a job, if it is news, behind what was said before it."""
        line = job._take_progress()
        if line is not None:
            self.put(job, PROGRESS, line)

    def end(self, job: Any) -> None:
        self.jobs = [it for it in self.jobs if it is not job]
        self._wake.set()

    # ---- the thread ---------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        if self.off or self._thread is not None:
            return
        thread = threading.Thread(target=self._run, name="headway", daemon=True)
        self._thread = thread
        try:
            thread.start()
        except RuntimeError:  # the interpreter is ending, or has no thread to spare; close() does what it can
            self._thread = None

    def _run(self) -> None:
        while not self.off:
            self._wake.wait(self.interval)
            self._wake.clear()
            self._once()
            if self._closing_at is not None and (self._idle() or time.monotonic() >= self._closing_at):
                return

    def _once(self) -> None:
        try:
            for job in self.jobs:
                self.hold_progress(job)
            self._turn()
        except Exception as e:  # a bug here must not end the reporting
            log.debug("headway: %s: %s", type(e).__name__, e)

    def close(self, seconds: float) -> None:
        """Waits until all is sent, at most so long. For the end of the program."""
        if self.off:
            return
        self._closing_at = time.monotonic() + seconds
        self._wake.set()
        if self._thread is not None:
            self._thread.join(seconds)
        else:
            while not self._idle() and time.monotonic() < self._closing_at:
                self._once()
                if not self._idle():
                    time.sleep(0.05)

    def after_fork_in_child(self) -> None:
        self.off = True
        self.outbox.clear()
        self.jobs = []
        self._wake = threading.Event()

    def _turn(self) -> None:
        raise NotImplementedError

    def _idle(self) -> bool:
        return len(self.outbox) == 0


class Silence(Sink):
    """For a program, a rank or a child process that reports nothing."""

    def __init__(self) -> None:
        super().__init__(0)
        self.off = True

    def begin(self, job: Any) -> None:
        pass
