"""Callbacks for the Hugging Face Trainer and for Lightning. Neither is imported here: whoever uses one has imported it.

    trainer = transformers.Trainer(…, callbacks=[headway.callbacks.TrainerCallback()])
    trainer = lightning.pytorch.Trainer(…, callbacks=[headway.callbacks.LightningCallback()])

Each speaks for the current job, or begins one for the time of the training. A cancelled or stopped job ends the training in the
framework's own way, after the step under way.
"""
from __future__ import annotations

import os
import sys
from typing import Any, Dict, Mapping, Optional

import headway
from ._job import Job, safe

__all__ = ["LightningCallback", "TrainerCallback"]


class _Speaker:
    """The job of a training: the one there is, or one of its own."""

    def __init__(self, name: Optional[str], options: Mapping[str, Any]) -> None:
        self._name, self._options = name, dict(options)
        self._job: Optional[Job] = None
        self._own = False

    def begin(self) -> Optional[Job]:
        self._job = headway._speaker()
        self._own = self._job is None
        if self._own:
            self._job = headway.job(self._name, **self._options)
            self._job.start()
        return self._job

    def end(self, error: Optional[BaseException] = None) -> None:
        job, self._job = self._job, None
        if job is not None and self._own:
            job.finish(error)


def _numbers(values: Optional[Mapping[str, Any]]) -> Dict[str, Any]:
    """Without what a framework logs beside numbers."""
    return {k: v for k, v in (values or {}).items() if not isinstance(v, (str, bytes, list, tuple, dict))}


class _Quiet:
    """A framework calls what it finds under its events' names; for what isn't here there is nothing to do."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("on_"):
            return _nothing
        raise AttributeError(name)


def _nothing(*_: Any, **__: Any) -> None:
    return None


class TrainerCallback(_Quiet):
    """For `transformers.Trainer`: steps, what is logged (the evaluation as well), checkpoints. In the first process only.

    `name` and `options` as for `headway.job`, if the callback begins it.
    """

    def __init__(self, name: Optional[str] = None, **options: Any) -> None:
        self._speaker = _Speaker(name, options)

    @safe
    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if not getattr(state, "is_world_process_zero", True):
            return
        job = self._speaker.begin()
        if job is not None:
            job.progress(state.global_step, _positive(state.max_steps), unit="steps")

    @safe
    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        job = self._speaker._job
        if job is None:
            return
        job.progress(state.global_step, _positive(state.max_steps), unit="steps")
        if job.should_stop:
            control.should_training_stop = True

    @safe
    def on_log(self, args: Any, state: Any, control: Any, logs: Optional[Mapping[str, Any]] = None, **_: Any) -> None:
        job = self._speaker._job
        if job is not None and logs:
            job.log_metrics(state.global_step, _numbers(logs))

    @safe
    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        job = self._speaker._job
        if job is not None:
            path = os.path.join(args.output_dir, "checkpoint-%d" % state.global_step)
            best = getattr(state, "best_model_checkpoint", None)
            job.checkpoint(path, state.global_step, is_best=best is not None and os.path.normpath(best) == os.path.normpath(path))

    @safe
    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._speaker.end()


def _positive(n: Any) -> Optional[int]:
    try:
        return int(n) if n is not None and 0 < n < float("inf") else None
    except Exception:
        return None


class _LightningHooks(_Quiet):
    def __init__(self, name: Optional[str] = None, **options: Any) -> None:
        super().__init__()
        self._speaker = _Speaker(name, options)
        self._checkpoint = ""
        self._total: Optional[int] = None

    @safe
    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        if not getattr(trainer, "is_global_zero", True):
            return
        job = self._speaker.begin()
        self._total = _positive(getattr(trainer, "max_steps", None))
        if self._total is None:
            self._total = _positive(getattr(trainer, "estimated_stepping_batches", None))
        if job is not None:
            job.progress(trainer.global_step, self._total, unit="steps")

    @safe
    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        job = self._speaker._job
        if job is None:
            return
        step = trainer.global_step
        job.progress(step, self._total, unit="steps", message="epoch %d" % trainer.current_epoch)
        every = getattr(trainer, "log_every_n_steps", 0) or 1
        if step % every == 0:
            self._say(trainer, "logged_metrics")
        self._look_for_checkpoint(trainer)
        if job.should_stop:
            trainer.should_stop = True

    @safe
    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        self._say(trainer, "callback_metrics")

    @safe
    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        if not getattr(trainer, "sanity_checking", False):
            self._say(trainer, "callback_metrics")
            self._look_for_checkpoint(trainer)

    @safe
    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        self._speaker.end(exception)

    @safe
    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        self._look_for_checkpoint(trainer)
        self._speaker.end()

    def _say(self, trainer: Any, which: str) -> None:
        job = self._speaker._job
        values = _numbers(getattr(trainer, which, None))
        if job is not None and values:
            job.log_metrics(trainer.global_step, values)

    def _look_for_checkpoint(self, trainer: Any) -> None:
        """The framework saves after its callbacks have been called, so that a new one is seen at the next occasion."""
        saver = getattr(trainer, "checkpoint_callback", None)
        path = getattr(saver, "last_model_path", "") or getattr(saver, "best_model_path", "")
        job = self._speaker._job
        if job is None or not path or path == self._checkpoint:
            return
        self._checkpoint = path
        best = getattr(saver, "best_model_path", None) == path
        job.checkpoint(path, trainer.global_step, loss=getattr(saver, "current_score", None), is_best=best)


class LightningCallback(_LightningHooks):
    """For Lightning's `Trainer`: steps, what is logged, checkpoints; an exception as the job's error. In the first process only.

    Lightning takes no callback that isn't of its class: an instance is one of the `Callback` of whichever of `lightning.pytorch`
    and `pytorch_lightning` the program has imported (`base` says it where both are). `name` and `options` as for `headway.job`.
    """

    def __new__(cls, *args: Any, base: Optional[type] = None, **options: Any) -> Any:
        for module in ("lightning.pytorch", "pytorch_lightning"):
            base = base or getattr(sys.modules.get(module), "Callback", None)
        if base is None or issubclass(cls, base):
            return super().__new__(cls)
        return super().__new__(type("LightningCallback", (cls, base), {"__module__": cls.__module__}))

    def __init__(self, name: Optional[str] = None, base: Optional[type] = None, **options: Any) -> None:
        super().__init__(name, **options)
