"""A job: what a program says of itself."""
from __future__ import annotations

import functools
import os
import signal
import sys
import threading
import time
import uuid
from types import TracebackType
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Type, TypeVar, cast

from . import _values
from ._bar import Bar
from ._outbox import EVENT, LAST, LOG, METRIC
from ._sink import Silence, Sink, log

F = TypeVar("F", bound=Callable[..., Any])
PARAMS_MAX = 60 << 10  # the server takes 64 KiB


def safe(call: F) -> F:
    """Whatever goes wrong inside is the reporting's own affair: the caller gets None."""

    @functools.wraps(call)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        try:
            return call(*args, **kwargs)
        except Exception as e:
            log.debug("%s: %s: %s", call.__name__, type(e).__name__, e)
            return None

    return cast(F, guarded)


def is_out_of_memory(e: BaseException) -> bool:
    """MemoryError, or what torch, CUDA or JAX raise for a full device: by name, since none of them is imported here."""
    if isinstance(e, MemoryError) or any(it.__name__ == "OutOfMemoryError" for it in type(e).__mro__):
        return True
    said = str(e)
    return isinstance(e, RuntimeError) and ("out of memory" in said.lower() or "RESOURCE_EXHAUSTED" in said)


def error_line(e: BaseException) -> Dict[str, Any]:
    """The wire format's error line for an exception that ends a job."""
    name = type(e).__name__
    said = _values.text(e, 2000)
    line: Dict[str, Any] = {"type": "error", "message": "%s: %s" % (name, said) if said else name}
    if is_out_of_memory(e):
        line["error_type"] = "OOM"
    return line


class Job:
    """One job. Made by `headway.job`, used as a context manager; or `start()` … `finish()`.

    Every method may be called from any thread, takes microseconds, does no I/O but a write that can't block, raises nothing
    and returns at once. In a child made by fork, and when unpickled in another process, a job is silent.
    """

    def __init__(
        self,
        sink: Sink,
        name: str,
        params: Optional[Mapping[str, Any]] = None,
        resource_class: str = "cpu",
        on_cancel: Optional[str] = None,
    ) -> None:
        self._sink = sink
        # The server takes 200 bytes.
        self.name = _values.text(name).encode("utf-8")[:200].decode("utf-8", "ignore") or "python"
        self._params = params
        self._resource_class = resource_class
        self._on_cancel = on_cancel
        self._key = uuid.uuid4().hex
        self._attempt, self._lease = 1, ""
        self.id: Optional[str] = None
        #: The server has given the job up: nothing more is sent.
        self.lost = False
        #: The job has been finished.
        self.ended = False
        #: Somebody cancelled the job. The program is not disturbed: it looks here and ends itself.
        self.cancelled = False
        #: Somebody asked for an early end that keeps the result.
        self.stopping = False
        self._described: Optional[bytes] = None
        self._progress: Optional[tuple] = None
        self._said: Optional[tuple] = None
        self._outermost: Optional[Bar] = None
        self._bad: set = set()
        self._handlers: Dict[int, Any] = {}  # by signal: those that are ours
        self._interrupted = False  # one of them has run

    def __reduce__(self) -> Any:
        return (_silent_job, (self.name,))

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    @property
    def should_stop(self) -> bool:
        """True when the program should come to an end: at the next safe point, as it likes."""
        return self.cancelled or self.stopping

    # ---- life ---------------------------------------------------------------------------------------------------------

    @safe
    def start(self) -> None:
        """Begins the job. `with` does this."""
        if os.environ.get("HEADWAY_JOB_ID") and not self._sink.owns_jobs:
            self.id = os.environ["HEADWAY_JOB_ID"]
        self._describe()
        _open.append(self)
        self._sink.begin(self)
        if self._sink.owns_jobs:
            self._say(LAST, {"type": "started", "pid": os.getpid()})
        self._take_signals()

    @safe
    def finish(self, error: Optional[BaseException] = None) -> None:
        """Ends the job: completed without an error, else failed with it. `with` does this.

        KeyboardInterrupt ends it as cancelled, SystemExit by its code. MemoryError and what torch and CUDA raise for a full
        device are said to be OOM. Once; the second time does nothing.
        """
        if self.ended:
            return
        bar = self._outermost
        if bar is not None:
            bar.close()
        self._sink.hold_progress(self)
        code, interrupted = 0, isinstance(error, KeyboardInterrupt)
        if isinstance(error, SystemExit):
            code = _exit_code(error)
            if code and not isinstance(error.code, int):
                self._say(LAST, {"type": "error", "message": _values.text(error.code, 2000)})
        elif error is not None:
            code = 130 if interrupted else 1
            if not interrupted:
                self._say(LAST, error_line(error))
        self.ended = True
        if self._sink.owns_jobs:
            end: Dict[str, Any] = {"type": "exited", "code": code}
            if interrupted:
                end["interrupted"] = True
            self._sink.put(self, LAST, _values.encode(end))
        if self in _open:
            _open.remove(self)
        self._sink.end(self)
        self._give_signals_back()

    def __enter__(self) -> "Job":
        self.start()
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.finish(error)

    # ---- what it says -------------------------------------------------------------------------------------------------

    @safe
    def log_metrics(
        self, step: int, metrics: Optional[Mapping[str, Any]] = None, *, layer: Optional[int] = None, **values: Any
    ) -> None:
        """One row of metrics: `log_metrics(100, loss=0.3)`, or a mapping for names like "train/loss".

        A row is identified by layer and step: said again, it replaces the one before. Numbers, and what `float()` makes one;
        NaN and infinities become null. What is no number is left out and said so in the job's log, once a name.
        """
        if metrics:
            values = dict(metrics, **values)
        at = _values.count(step)
        if at is None:
            self._note_once("step", "metrics without a step that is a number from 0 on were left out: %s" % _values.text(step, 80))
            return
        line, bad = _values.metric(time.time(), at, layer if layer is None else _values.count(layer), values)
        self._say(METRIC, line)
        for key in bad:
            self._note_once(key, "the metric %r is no number and was left out" % key)

    @safe
    def progress(
        self, done: float, total: Optional[float] = None, *, unit: Optional[str] = None, message: Optional[str] = None
    ) -> None:
        """How far the phase is: `done` of `total` units; without a total the amount isn't known. The newest of 100 ms counts.

        With `unit="steps"` a training's step and number of steps follow it. Percentage, rate and remaining time are the server's.
        """
        self._progress = (done, total, unit, message)

    @safe
    def phase(
        self,
        name: str,
        index: Optional[int] = None,
        count: Optional[int] = None,
        *,
        from_percent: Optional[float] = None,
        to_percent: Optional[float] = None,
    ) -> None:
        """What comes now is this phase: the `index`-th of `count`, from 1 on, or from and to which percentage (0 to 100) of the
        whole it reaches."""
        line: Dict[str, Any] = {"type": "phase", "name": _values.text(name, 200)}
        for key, value in (("index", index), ("count", count)):
            if value is not None and 0 <= int(value) <= 1000:
                line[key] = int(value)
        for key, percent in (("from", from_percent), ("to", to_percent)):
            if percent is not None and 0 <= float(percent) <= 100:
                line[key] = float(percent)
        self._sink.hold_progress(self)
        self._say(EVENT, line)

    @safe
    def checkpoint(
        self,
        path: Any,
        step: int,
        *,
        loss: Any = None,
        is_best: bool = False,
        size_bytes: Optional[int] = None,
        layer: Optional[int] = None,
    ) -> None:
        """A checkpoint was written: its file or folder, at which step, its size in bytes if known. It isn't read or copied."""
        line: Dict[str, Any] = {"type": "checkpoint", "path": _values.text(os.fspath(path), 4000)}
        line["step"] = _values.count(step) or 0
        loss = _values.number(loss)
        if loss is not None:
            line["loss"] = loss
        if is_best:
            line["is_best"] = True
        for key, value in (("size_bytes", size_bytes), ("layer", layer)):
            n = None if value is None else _values.count(value)
            if n is not None:
                line[key] = n
        self._say(EVENT, line)

    @safe
    def log(self, text: Any, level: str = "info") -> None:
        """A line of the job's log; 64 Ki characters are kept of it."""
        self._say(LOG, {"type": "log", "level": _values.text(level, 20), "text": _values.text(text)})

    @safe
    def result(self, values: Optional[Mapping[str, Any]] = None, **more: Any) -> None:
        """The job's result: any values that JSON can say. The last one counts."""
        line = _values.clean(dict(values or {}, **more))
        line["type"] = "result"
        self._say(LAST, line)

    def track(self, iterable: Optional[Iterable[Any]] = None, total: Optional[float] = None, **options: Any) -> Bar:
        """As `headway.track`, for this job."""
        return Bar(iterable, total, job=self, **options)

    # ---- for bar and sink ---------------------------------------------------------------------------------------------

    def _say(self, rank: int, line: Mapping[str, Any]) -> None:
        sink = self._sink
        if not sink.off and not self.ended:
            sink.put(self, rank, _values.encode(line))

    def _note_once(self, key: str, said: str) -> None:
        if key in self._bad or len(self._bad) > 100:
            return
        self._bad.add(key)
        self._say(LOG, {"type": "log", "level": "warning", "text": "headway: " + said})

    def _take_progress(self) -> Optional[bytes]:
        """The line for what progress() said last; None if that was said already."""
        progress = self._progress
        if progress is None or progress == self._said or self.ended:
            return None
        self._said = progress
        done, total, unit, message = progress
        line: Dict[str, Any] = {"type": "progress", "done": _values.count(done) or 0}
        total = None if total is None else _values.count(total)
        if total:
            line["total"] = total
        if unit:
            line["unit"] = _values.text(unit, 40)
        if message:
            line["message"] = _values.text(message, 500)
        return _values.encode(line)

    def _describe(self) -> None:
        # In the caller's thread: what argv, folder and parameters are now.
        argv = [_values.text(it, 1000) for it in getattr(sys, "orig_argv", None) or [sys.executable] + sys.argv]
        params = {"command": argv, "cwd": _cwd()}
        body = {
            "kind": "command",
            "name": self.name,
            "pid": os.getpid(),
            "resource_class": self._resource_class if self._resource_class in ("cpu", "gpu", "io") else "cpu",
            "idempotency_key": self._key,
        }
        full = _values.clean(dict(self._params or {}, **params))
        if len(_values.encode(full)) > PARAMS_MAX:
            self._note_once("params", "the parameters are more than 60 KiB and were left out")
            full = {"command": argv[:20]}
        self._described = _values.encode(dict(body, params=full))

    def _description(self) -> bytes:
        return self._described or b"{}"

    def _attached(self, job_id: str, attempt: int, lease: str) -> None:
        self.id, self._attempt, self._lease = job_id, attempt, lease

    # ---- control ------------------------------------------------------------------------------------------------------

    def _control(self, control: Any) -> None:
        """What the server's answer asks for. On the sink's thread."""
        if control == "stop" and not self.stopping:
            self.stopping = True
        if control != "cancel":
            return
        first, self.cancelled = not self.cancelled, True
        if self.ended:
            return
        if self._on_cancel == "interrupt":
            if first:
                log.warning("job %r was cancelled: interrupting the program", self.name)
            self._interrupt(first)
        elif first:
            log.warning("job %r was cancelled; the program goes on until it looks at job.cancelled", self.name)

    def _interrupt(self, first: bool) -> None:
        """Through the signal's own way, so that a blocking call in the main thread ends as well. One that comes between the
        interpreter's last look at signals and the call itself is only seen when the call is over: it is sent again with each
        answer of the server until our handler has run. A handler that isn't ours says nothing, and gets the signal once."""
        ours = self._handlers.get(signal.SIGINT)
        if first or (not self._interrupted and ours is not None and signal.getsignal(signal.SIGINT) is ours):
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    def _take_signals(self) -> None:
        """A worker cancels with SIGTERM. Only where the program has said how it wants to hear of it is that changed; and SIGINT,
        which means to it what it always did, only so that it is known to have come."""
        if self._on_cancel not in ("flag", "interrupt") or threading.current_thread() is not threading.main_thread():
            return

        def asked(signum: int, frame: Any) -> None:
            self.cancelled = True
            if self._on_cancel == "interrupt":
                self._interrupted = True
                raise KeyboardInterrupt("SIGTERM")

        def interrupted(signum: int, frame: Any) -> None:
            self._interrupted = True
            signal.default_int_handler(signum, frame)

        self._take_signal(signal.SIGTERM, signal.SIG_DFL, asked)
        if self._on_cancel == "interrupt":
            self._take_signal(signal.SIGINT, signal.default_int_handler, interrupted)

    def _take_signal(self, number: int, usual: Any, ours: Any) -> None:
        """Where the program has a handler of its own, that stays."""
        if signal.getsignal(number) == usual:
            self._handlers[number] = ours
            signal.signal(number, ours)

    def _give_signals_back(self) -> None:
        for number, usual in ((signal.SIGTERM, signal.SIG_DFL), (signal.SIGINT, signal.default_int_handler)):
            ours = self._handlers.pop(number, None)
            if ours is not None and signal.getsignal(number) is ours:
                signal.signal(number, usual)


_open: List[Job] = []


def current() -> Optional[Job]:
    """The job begun last that isn't finished; of any thread."""
    return _open[-1] if _open else None


def _exit_code(e: SystemExit) -> int:
    if e.code is None:
        return 0
    return e.code & 255 if isinstance(e.code, int) else 1


def _cwd() -> str:
    try:
        return os.getcwd()
    except OSError:
        return ""


def _silent_job(name: str) -> Job:
    return Job(Silence(), name)
