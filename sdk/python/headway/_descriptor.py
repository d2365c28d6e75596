"""Writing lines to the descriptor that HEADWAY_FD names, without ever waiting for its reader."""
from __future__ import annotations

import errno
import os
import select
import stat
import sys
import threading
from typing import Any, Optional

from . import _values
from ._sink import Sink

_FULL = (errno.EAGAIN, errno.EWOULDBLOCK)


class Descriptor(Sink):
    """Writes in the caller's thread as long as the pipe takes it, so that what was said before a crash has been said. When the
    pipe is full (the server is away, the worker's spool as well) lines wait in the outbox and the thread goes on with them.

    `fd` is the sink's from here on; it must not block unless `blocking`, and then only the thread writes.
    """

    interval = 0.1

    def __init__(self, fd: int, blocking: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self._fd = fd
        self._blocking = blocking
        self._lock = threading.RLock()
        self._writing = False  # a signal handler may interrupt a write and report something itself
        self._rest = b""  # of a line of which the pipe took only a part
        self._full = False  # the thread waits for room; a caller need not try

    def put(self, job: Any, rank: int, line: bytes) -> None:
        if self.off:
            return
        if self._blocking or self._full or not self._lock.acquire(blocking=False):
            super().put(job, rank, line)
            return
        try:
            if self._writing or not self._idle() or len(line) > _values.LINE_MAX:
                super().put(job, rank, line)
                return
            self._writing = True
            try:
                self._rest = line + b"\n"
                self._write_all()
            finally:
                self._writing = False
        finally:
            self._lock.release()

    def _turn(self) -> None:
        while not self.off and not self._idle():
            if not self._blocking:
                poll = select.poll()
                poll.register(self._fd, select.POLLOUT)
                if not poll.poll(1000 if self._closing_at is None else 50):
                    return
                self._full = False
            self._drain()

    def _idle(self) -> bool:
        return not self._rest and len(self.outbox) == 0

    def _drain(self) -> None:
        # Whoever holds the lock takes along what another thread has just put in.
        while not self._idle() and self._lock.acquire(blocking=False):
            try:
                if self._writing:
                    return
                self._writing = True
                try:
                    if not self._write_all():
                        return
                finally:
                    self._writing = False
            finally:
                self._lock.release()

    def _write_all(self) -> bool:
        """True when all that waited is written."""
        while True:
            if not self._rest:
                # Up to PIPE_BUF bytes reach the reader in one piece, also beside other writers.
                self._rest = b"".join(line + b"\n" for _, line in self.outbox.take(select.PIPE_BUF - 1, 100))
            if not self._rest:
                return True
            try:
                n = os.write(self._fd, self._rest)
            except OSError as e:
                if e.errno in _FULL:
                    self._full = True
                    return False
                self.off = True  # the reader is gone: nobody is left to tell
                self.outbox.clear()
                self._rest = b""
                return True
            self._rest = self._rest[n:]
            if not self._rest and not len(self.outbox):
                return True

    def after_fork_in_child(self) -> None:
        super().after_fork_in_child()
        self._lock = threading.RLock()
        self._rest = b""
        try:
            os.close(self._fd)
        except OSError:
            pass


def _pipe_key(path: Any) -> Optional[tuple]:
    try:
        s = os.stat(path)
    except OSError:
        return None
    return (s.st_dev, s.st_ino) if stat.S_ISFIFO(s.st_mode) or stat.S_ISSOCK(s.st_mode) else None


def _parent_of(pid: int) -> int:
    with open("/proc/%d/stat" % pid, "rb") as f:
        return int(f.read().rpartition(b")")[2].split()[1])


def _starter(fd: int) -> Optional[int]:
    """The oldest process above this one with the same HEADWAY_FD and HEADWAY_JOB_ID: the one that Headway started."""
    ours = [b"HEADWAY_FD=%d" % fd]
    if "HEADWAY_JOB_ID" in os.environ:
        ours.append(b"HEADWAY_JOB_ID=" + os.fsencode(os.environ["HEADWAY_JOB_ID"]))
    oldest = None
    pid = os.getpid()
    try:
        while True:
            pid = _parent_of(pid)
            if pid <= 1:
                return oldest
            with open("/proc/%d/environ" % pid, "rb") as f:
                environ = f.read().split(b"\0")
            if not all(it in environ for it in ours):
                return oldest
            oldest = pid
    except OSError:
        return oldest


def open_descriptor() -> Optional[Descriptor]:
    """The sink for HEADWAY_FD; None if what it names isn't the job's pipe.

    A launcher (torchrun, accelerate, a subprocess) passes the variable on but closes the descriptor; its number may by then
    belong to any file. So the pipe is compared with the one of the process that Headway started, and opened anew from there,
    which also makes it non-blocking for us alone.
    """
    try:
        fd = int(os.environ.get("HEADWAY_FD", ""))
    except ValueError:
        return None
    if fd < 0:
        return None
    mine = _pipe_key(fd) if _writable(fd) else None
    path = "/proc/self/fd/%d" % fd
    if sys.platform.startswith("linux"):
        starter = _starter(fd)
        theirs = _pipe_key("/proc/%d/fd/%d" % (starter, fd)) if starter is not None else None
        if theirs is not None and mine != theirs:
            mine, path = theirs, "/proc/%d/fd/%d" % (starter, fd)
    if mine is None:
        return None
    flags = os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        return Descriptor(os.open(path, flags))
    except OSError:
        pass
    try:  # a socket, or a system without /proc
        return Descriptor(os.dup(fd), blocking=True)
    except OSError:
        return None


def _writable(fd: int) -> bool:
    try:
        import fcntl

        return fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY
    except Exception:
        return False
