"""Headway for Python programs: progress, metrics, checkpoints and logs of a training, live on the dashboard.

    import headway

    with headway.job("fine-tune", params={"lr": 3e-4}) as job:
        for step in headway.track(range(1000), unit="steps"):
            loss = train_step()
            headway.log_metrics(step, loss=loss)

Started by `headway run` or by a worker it writes to the descriptor HEADWAY_FD; by itself it posts to HEADWAY_URL
(http://127.0.0.1:8080). HEADWAY_DISABLED=1: nothing at all. No call raises, blocks or waits for a network.

The functions of this module speak for the job that was begun last and isn't finished; without one, for the job that HEADWAY_FD
belongs to; else they do nothing (`track` still draws its bar).
"""
from __future__ import annotations

import atexit
import os
import sys
import threading
from typing import Any, Iterable, Mapping, Optional, TypeVar

from . import _bar, _job
from ._bar import Bar
from ._descriptor import open_descriptor
from ._job import Job, current, safe
from ._poster import Poster
from ._sink import Silence, Sink, log as _logger

__all__ = [
    "Bar", "Job", "checkpoint", "current", "flush", "job", "log", "log_metrics", "phase", "progress", "result", "track",
]

T = TypeVar("T")
DEFAULT_URL = "http://127.0.0.1:8080"
FLUSH_SECONDS = 5.0

_lock = threading.RLock()
_descriptor: Optional[Sink] = None
_looked = False  # for the descriptor
_poster: Optional[Poster] = None
_ambient: Optional[Job] = None  # the job whose HEADWAY_FD this is, when the program begins none
_forked = False
_at_exit = False


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return _version()
    if name == "callbacks":
        import importlib

        return importlib.import_module("headway.callbacks")
    raise AttributeError("module 'headway' has no attribute %r" % name)


def _version() -> str:
    try:
        from importlib.metadata import version

        return version("headway")
    except Exception:
        pass
    try:
        with open(os.path.join(os.path.dirname(__file__), "..", "VERSION"), encoding="ascii") as f:
            return f.read().strip()
    except Exception:
        return "0"


# ---- which way ----------------------------------------------------------------------------------------------------------


def _is_other_rank() -> bool:
    """One of several processes of the same training, and not the first: that one reports."""
    names = ("RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "PMI_RANK")
    return any(os.environ.get(it, "0").strip() not in ("", "0") for it in names)


def _is_child() -> bool:
    """Made by fork, or by multiprocessing in whatever way: what is to be said of the job, the parent says."""
    if _forked:
        return True
    process = sys.modules.get("multiprocessing.process")
    return process is not None and process.parent_process() is not None


def _from_headway() -> Optional[Sink]:
    global _descriptor, _looked
    with _lock:
        if not _looked:
            opened = open_descriptor()
            # A signal handler may have come in between, and have opened it for itself: one is enough.
            if not _looked:
                _looked, _descriptor = True, opened
                _exit_orderly()
            elif opened is not None:
                opened.after_fork_in_child()  # which closes it
        return _descriptor


def _sink(enabled: Optional[bool]) -> Sink:
    global _poster
    if enabled is False or os.environ.get("HEADWAY_DISABLED", "") not in ("", "0"):
        return Silence()
    if enabled is None and _is_other_rank():
        return Silence()
    if os.environ.get("HEADWAY_FD"):
        # With the variable but without the pipe this is a part of some job, and no job of its own.
        return (None if _is_child() and enabled is not True else _from_headway()) or Silence()
    with _lock:
        if _poster is None or _poster.off:
            _poster = Poster(os.environ.get("HEADWAY_URL") or DEFAULT_URL, _version())
            _exit_orderly()
        return _poster


def _exit_orderly() -> None:
    global _at_exit
    if not _at_exit:
        _at_exit = True
        atexit.register(_end)
        # A process of multiprocessing ends without atexit.
        util = sys.modules.get("multiprocessing.util")
        if util is not None and _is_child():
            util.Finalize(None, _end, exitpriority=100)


def _flush_seconds() -> float:
    try:
        return min(max(float(os.environ.get("HEADWAY_FLUSH_SECONDS", FLUSH_SECONDS)), 0.0), 600.0)
    except ValueError:
        return FLUSH_SECONDS


@safe
def _end() -> None:
    """At the end of the program: what was begun is finished, what waits is sent, at most so long as is allowed."""
    error = getattr(sys, "last_value", None)  # what the interpreter has just printed, if the program ends by it
    for it in list(reversed(_job._open)):
        it.finish(error)
    for sink in (_poster, _descriptor):
        if sink is not None:
            sink.close(_flush_seconds())


def _after_fork() -> None:
    global _lock, _forked, _ambient, _at_exit, _looked, _descriptor, _poster
    _lock = threading.RLock()
    _forked = True
    _ambient = None
    _at_exit = False
    _bar._painter.after_fork_in_child()
    for sink in (_poster, _descriptor):
        if sink is not None:
            sink.after_fork_in_child()
    _poster, _descriptor, _looked = None, None, False
    _job._open.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


# ---- jobs ---------------------------------------------------------------------------------------------------------------


def job(
    name: Optional[str] = None,
    *,
    params: Optional[Mapping[str, Any]] = None,
    resource_class: str = "cpu",
    on_cancel: Optional[str] = None,
    enabled: Optional[bool] = None,
) -> Job:
    """A job, for `with`. What leaves the body ends it: nothing completed, an exception failed, Ctrl-C cancelled.

    name            shown everywhere; the script's name by default. Under `headway run` the job has its name already.
    params          what is worth knowing of the run, such as its hyperparameters; 60 KiB of JSON at most. Nothing secret.
    resource_class  "cpu", "gpu" or "io"
    on_cancel       what happens when the job is cancelled from outside.
                    None: `job.cancelled` becomes true, nothing else; SIGTERM, a worker's way, ends the program as ever.
                    "flag": SIGTERM as well only makes `job.cancelled` true; 30 s later comes SIGKILL.
                    "interrupt": both raise KeyboardInterrupt in the main thread, as Ctrl-C does.
    enabled         None: not in ranks but the first (RANK, SLURM_PROCID, …). False: never. True: in this rank as well.

    Raises nothing; when something is wrong the job is silent and the log of the program (logger "headway") says why.
    """
    try:
        script = os.path.basename(sys.argv[0]) if sys.argv and sys.argv[0] else "python"
        return Job(_sink(enabled), name or script, params, resource_class, on_cancel)
    except Exception as e:
        _logger.warning("nothing is reported: %s", e)
        return _job._silent_job("python")


def _speaker() -> Optional[Job]:
    global _ambient
    it = current()
    if it is not None:
        return it
    if _ambient is None and not _is_child() and os.environ.get("HEADWAY_FD"):
        with _lock:
            if _ambient is None:
                sink = _sink(None)
                ambient = Job(sink, "python")
                ambient.id = os.environ.get("HEADWAY_JOB_ID")
                sink.begin(ambient)
                _ambient = ambient
    return _ambient


@safe
def log_metrics(step: int, metrics: Optional[Mapping[str, Any]] = None, *, layer: Optional[int] = None, **values: Any) -> None:
    """As Job.log_metrics, for the current job."""
    it = _speaker()
    if it is not None:
        it.log_metrics(step, metrics, layer=layer, **values)


@safe
def progress(done: float, total: Optional[float] = None, *, unit: Optional[str] = None, message: Optional[str] = None) -> None:
    """As Job.progress, for the current job."""
    it = _speaker()
    if it is not None:
        it.progress(done, total, unit=unit, message=message)


@safe
def phase(name: str, index: Optional[int] = None, count: Optional[int] = None, **where: Any) -> None:
    """As Job.phase, for the current job."""
    it = _speaker()
    if it is not None:
        it.phase(name, index, count, **where)


@safe
def checkpoint(path: Any, step: int, **details: Any) -> None:
    """As Job.checkpoint, for the current job."""
    it = _speaker()
    if it is not None:
        it.checkpoint(path, step, **details)


@safe
def log(text: Any, level: str = "info") -> None:
    """As Job.log, for the current job."""
    it = _speaker()
    if it is not None:
        it.log(text, level)


@safe
def result(values: Optional[Mapping[str, Any]] = None, **more: Any) -> None:
    """As Job.result, for the current job."""
    it = _speaker()
    if it is not None:
        it.result(values, **more)


def track(
    iterable: Optional[Iterable[T]] = None,
    total: Optional[float] = None,
    desc: Optional[str] = None,
    unit: str = "it",
    **options: Any,
) -> "Bar[T]":
    """Progress over an iterable, or by hand: `with headway.track(total=100) as bar: bar.update(10)`.

    total    how many units; the iterable's length by default, unknown if it has none
    desc     before the bar, and the job's message
    unit     what is counted; "steps" for the steps of a training
    initial  where counting starts
    bar      True: draw; False: don't; None: when standard error is a terminal
    file     where to draw instead of standard error
    leave    False: the bar disappears at its end
    disable  True: neither drawn nor reported

    The outermost open bar is the job's progress; those inside it are only drawn. tqdm's other options are taken and ignored.
    Exceptions of the iterable itself pass through.
    """
    speaker = None
    try:
        speaker = _speaker()
    except Exception:
        pass
    return Bar(iterable, total, desc, unit, job=speaker, **options)


@safe
def flush(seconds: float = FLUSH_SECONDS) -> None:
    """Waits until all that was said is sent, at most so long. The end of the program does this by itself."""
    import time

    until = time.monotonic() + seconds
    for sink in (_poster, _descriptor):
        while sink is not None and not sink.off and time.monotonic() < until:
            for it in sink.jobs:
                sink.hold_progress(it)
            if sink._idle():
                break
            sink._wake.set()
            time.sleep(0.01)
