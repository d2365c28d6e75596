"""Progress over an iterable, or counted by hand: reported to the job, and drawn on a terminal."""
from __future__ import annotations

import shutil
import sys
import threading
import time
from typing import Any, Generic, Iterable, Iterator, List, Mapping, Optional, TextIO, TypeVar

from . import _values

T = TypeVar("T")
DRAW_SECONDS = 0.1


class Bar(Generic[T]):
    """What `headway.track` returns; tqdm's names where there is something to do.

    Its work is counting: an update costs well below a microsecond more than the loop itself. A thread draws, ten times a second.
    """

    def __init__(
        self,
        iterable: Optional[Iterable[T]] = None,
        total: Optional[float] = None,
        desc: Optional[str] = None,
        unit: str = "it",
        *,
        job: Any = None,
        initial: float = 0,
        leave: bool = True,
        bar: Optional[bool] = None,
        file: Optional[TextIO] = None,
        disable: bool = False,
        postfix: Optional[Mapping[str, Any]] = None,
        **_tqdm: Any,
    ) -> None:
        self.iterable = iterable
        self.n: float = initial
        self.initial = initial
        self.total = total if total is not None else _length(iterable)
        self.desc, self.unit, self.leave = desc, unit, leave
        self.postfix = ""
        self.closed = False
        self.started_at = time.monotonic()
        self._job = None
        self._drawn = False
        self._file = file
        try:
            if postfix:
                self.set_postfix(postfix)
            # The outermost open bar is the job's progress; one inside it would make it jump.
            if not disable and job is not None and job._outermost is None:
                job._outermost = self
                self._job = job
                self._tell()
            stream = file if file is not None else sys.stderr
            if not disable and (bar if bar is not None else file is not None or _is_terminal(stream)):
                self._file = stream
                self._drawn = True
                _painter.add(self)
        except Exception:
            pass

    def __iter__(self) -> Iterator[T]:
        if self.iterable is None:
            raise TypeError("headway.track without an iterable is counted with update()")
        try:
            for it in self.iterable:
                yield it
                self.update()
        finally:
            self.close()

    def __enter__(self) -> "Bar[T]":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def __len__(self) -> int:
        if self.total is None:
            raise TypeError("the amount isn't known")
        return int(self.total)

    def __bool__(self) -> bool:
        return True

    def update(self, n: float = 1) -> None:
        """`n` more units are done."""
        try:
            self.n += n
            job = self._job
            if job is not None:
                job._progress = (self.n, self.total, self.unit, self._message())
        except Exception:
            pass

    def set_description(self, desc: Optional[str] = None, refresh: bool = True) -> None:
        """What is being done: before the bar, and the job's message."""
        self.desc = None if desc is None else _values.text(desc, 200)
        self._tell()

    set_description_str = set_description

    def set_postfix(self, ordered_dict: Optional[Mapping[str, Any]] = None, refresh: bool = True, **values: Any) -> None:
        """Values beside the bar and in the job's message: numbers with three digits."""
        try:
            said = dict(ordered_dict or {}, **values)
            self.postfix = ", ".join("%s=%s" % (_values.text(k, 60), _short(v)) for k, v in said.items())
        except Exception:
            return
        self._tell()

    def set_postfix_str(self, s: str = "", refresh: bool = True) -> None:
        self.postfix = _values.text(s, 200)
        self._tell()

    def reset(self, total: Optional[float] = None) -> None:
        """From the start again."""
        self.n = self.initial = 0
        self.started_at = time.monotonic()
        if total is not None:
            self.total = total
        self._tell()

    def refresh(self, *_: Any, **__: Any) -> None:
        """Nothing: it is drawn ten times a second."""

    @staticmethod
    def write(s: str, file: Optional[TextIO] = None, end: str = "\n") -> None:
        """Prints a line above the bars."""
        _painter.write(s + end, file if file is not None else sys.stdout)

    def close(self) -> None:
        """The last state is reported and drawn; the second time nothing."""
        if self.closed:
            return
        self.closed = True
        try:
            self._tell()
            job = self._job
            if job is not None:
                job._outermost = None
                job._sink.hold_progress(job)
            if self._drawn:
                _painter.remove(self)
        except Exception:
            pass

    # ---- for itself ---------------------------------------------------------------------------------------------------

    def _tell(self) -> None:
        job = self._job
        if job is not None:
            job._progress = (self.n, self.total, self.unit, self._message())

    def _message(self) -> Optional[str]:
        if self.desc and self.postfix:
            return self.desc + ": " + self.postfix
        return self.desc or self.postfix or None

    def line(self, now: float, width: int) -> str:
        """As drawn, in so many columns. `now` in seconds of the monotonic clock."""
        seconds = max(now - self.started_at, 1e-9)
        rate = (self.n - self.initial) / seconds
        head = self.desc + ": " if self.desc else ""
        tail = ", " + self.postfix if self.postfix else ""
        if not self.total:
            return "%s%d%s [%s, %s%s]" % (head, self.n, self.unit, _clock(seconds), _rate(rate, self.unit), tail)
        part = min(max(self.n / self.total, 0.0), 1.0)
        left = _clock((self.total - self.n) / rate) if rate > 0 and self.n <= self.total else "?"
        after = " %d/%d [%s<%s, %s%s]" % (self.n, self.total, _clock(seconds), left, _rate(rate, self.unit), tail)
        before = "%s%3d%%|" % (head, int(part * 100))
        room = max(width - len(before) - len(after) - 1, 0)
        filled = int(room * part)
        return before + "█" * filled + " " * (room - filled) + "|" + after


def _length(iterable: Any) -> Optional[int]:
    try:
        return len(iterable)
    except Exception:
        return None


def _is_terminal(stream: Any) -> bool:
    try:
        return bool(stream.isatty())
    except Exception:
        return False


def _short(value: Any) -> str:
    try:
        n = value if isinstance(value, (int, str)) else float(value)
    except Exception:
        return _values.text(value, 60)
    return "%.3g" % n if isinstance(n, float) else _values.text(n, 60)


def _clock(seconds: float) -> str:
    s = int(seconds)
    h, m = s // 3600, s // 60 % 60
    return "%d:%02d:%02d" % (h, m, s % 60) if h else "%02d:%02d" % (m, s % 60)


def _rate(rate: float, unit: str) -> str:
    if rate <= 0:
        return "?" + unit + "/s"
    return "%.2f%s/s" % (rate, unit) if rate >= 1 else "%.2fs/%s" % (1 / rate, unit)


class _Painter:
    """Draws the open bars, the innermost alone: one line, overwritten in place. A thread, and only while there are bars."""

    def __init__(self) -> None:
        self._init()

    def _init(self) -> None:
        self._lock = threading.RLock()
        self._bars: List[Any] = []
        self._stop = threading.Event()
        self._running = False

    after_fork_in_child = _init

    def add(self, bar: Any) -> None:
        with self._lock:
            self._bars.append(bar)
            if self._running:
                return
            self._running = True
            self._stop = threading.Event()
            thread = threading.Thread(target=self._run, args=(self._stop,), name="headway bar", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                self._running = False

    def remove(self, bar: Any) -> None:
        """Draws the last state; the caller's thread writes it, as it would print()."""
        with self._lock:
            if bar in self._bars:
                self._bars.remove(bar)
            if not self._bars:
                self._running = False
                self._stop.set()
            self._draw(bar, "\n" if bar.leave else "\r\x1b[K")

    def write(self, s: str, file: Any) -> None:
        with self._lock:
            try:
                if self._bars:
                    self._bars[-1]._file.write("\r\x1b[K")
                    self._bars[-1]._file.flush()
                file.write(s)
                file.flush()
            except Exception:
                pass

    def _run(self, stop: threading.Event) -> None:
        while not stop.wait(DRAW_SECONDS):
            with self._lock:
                if self._bars and not stop.is_set():
                    self._draw(self._bars[-1], "")

    def _draw(self, bar: Any, end: str) -> None:
        try:
            width = shutil.get_terminal_size().columns - 1
            bar._file.write("\r\x1b[K" + bar.line(time.monotonic(), width) + end)
            bar._file.flush()
        except Exception:
            pass


_painter = _Painter()
