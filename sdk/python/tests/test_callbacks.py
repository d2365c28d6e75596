"""The callbacks, called as the frameworks call them. Neither framework is installed here: the classes below stand in for them and
make the calls that transformers' CallbackHandler and Lightning's Trainer make, in their order and with their arguments."""
import unittest

from .support import environment, program, under_descriptor

HUGGING_FACE = """
    import types, headway
    class Handler:
        # transformers.trainer_callback.CallbackHandler: every event, of every callback, by name.
        def __init__(self, callback): self.callback = callback
        def call(self, event, args, state, control, **more):
            result = getattr(self.callback, event)(args, state, control, model=None, optimizer=None, train_dataloader=None, **more)
            return control if result is None else result
    args = types.SimpleNamespace(output_dir="/tmp/out")
    state = types.SimpleNamespace(global_step=0, max_steps=4, epoch=0.0, is_world_process_zero=ZERO, best_model_checkpoint="/tmp/out/checkpoint-4")
    control = types.SimpleNamespace(should_training_stop=False)
    callback = headway.callbacks.TrainerCallback()
    h = Handler(callback)
    h.call("on_init_end", args, state, control)
    h.call("on_train_begin", args, state, control)
    h.call("on_epoch_begin", args, state, control)
    for step in range(1, 5):
        h.call("on_step_begin", args, state, control)
        h.call("on_substep_end", args, state, control)
        state.global_step = step
        h.call("on_step_end", args, state, control)
        h.call("on_log", args, state, control, logs={"loss": 1 / step, "learning_rate": 1e-4, "grad_norm": 0.5, "epoch": 1.0, "note": "text"})
        if step % 2 == 0: h.call("on_save", args, state, control)
        STEP
    h.call("on_epoch_end", args, state, control)
    h.call("on_evaluate", args, state, control, metrics={"eval_loss": 0.3})
    h.call("on_train_end", args, state, control)
    print(control.should_training_stop)
"""

LIGHTNING = """
    import sys, types, headway
    class Callback:
        # lightning.pytorch.Callback: an empty method for each hook. The Trainer takes no other class.
        def setup(self, trainer, pl_module, stage): pass
        def teardown(self, trainer, pl_module, stage): pass
        def on_sanity_check_start(self, trainer, pl_module): pass
        def state_dict(self): return {}
        @property
        def state_key(self): return type(self).__qualname__
    module = types.ModuleType("lightning.pytorch"); module.Callback = Callback
    sys.modules["lightning.pytorch"] = module
    callback = headway.callbacks.LightningCallback("fit")
    assert isinstance(callback, Callback) and callback.state_dict() == {}
    saver = types.SimpleNamespace(last_model_path="", best_model_path="", current_score=None)
    t = types.SimpleNamespace(global_step=0, current_epoch=0, max_steps=-1, estimated_stepping_batches=4, log_every_n_steps=2,
                              is_global_zero=True, sanity_checking=True, should_stop=False, checkpoint_callback=saver,
                              logged_metrics={"train_loss_step": 0.5}, callback_metrics={"val_loss": 0.25})
    callback.setup(t, None, "fit")
    callback.on_validation_end(t, None)
    t.sanity_checking = False
    callback.on_train_start(t, None)
    for i in range(4):
        callback.on_train_batch_start(t, None, None, i)
        t.global_step += 1
        callback.on_train_batch_end(t, None, {"loss": 1}, None, i)
        if i == 1: saver.best_model_path, saver.current_score = "/tmp/epoch=0.ckpt", 0.25
    callback.on_validation_end(t, None)
    callback.on_train_epoch_end(t, None)
    END
    callback.teardown(t, None, "fit")
"""


class HuggingFace(unittest.TestCase):
    def test_steps_logs_and_checkpoints(self):
        r = under_descriptor(HUGGING_FACE.replace("ZERO", "True").replace("STEP", "pass"))
        self.assertEqual((r.code, r.out, r.err), (0, "False\n", ""))
        self.assertEqual([(it["step"], it["loss"], it["learning_rate"]) for it in r.of("metric")], [(s, 1 / s, 1e-4) for s in (1, 2, 3, 4)])
        self.assertNotIn("note", r.of("metric")[0])
        self.assertEqual(r.of("progress")[-1], {"type": "progress", "done": 4, "total": 4, "unit": "steps"})
        self.assertEqual([(it["path"], it.get("is_best", False)) for it in r.of("checkpoint")], [("/tmp/out/checkpoint-2", False), ("/tmp/out/checkpoint-4", True)])

    def test_a_cancelled_job_stops_the_training_in_the_frameworks_way(self):
        r = under_descriptor(HUGGING_FACE.replace("ZERO", "True").replace("STEP", "headway._speaker().cancelled = True"))
        self.assertEqual(r.out, "True\n")

    def test_other_processes_of_the_training_are_silent(self):
        self.assertEqual(under_descriptor(HUGGING_FACE.replace("ZERO", "False").replace("STEP", "pass")).lines, [])


class Lightning(unittest.TestCase):
    def test_steps_logs_and_checkpoints(self):
        r = under_descriptor(LIGHTNING.replace("END", "callback.on_train_end(t, None)"))
        self.assertEqual((r.code, r.err), (0, ""))
        self.assertEqual([(it["step"], it.get("train_loss_step"), it.get("val_loss")) for it in r.of("metric")], [(2, 0.5, None), (4, 0.5, None), (4, None, 0.25), (4, None, 0.25)])
        self.assertEqual({k: r.of("progress")[-1][k] for k in ("done", "total", "unit")}, {"done": 4, "total": 4, "unit": "steps"})
        self.assertEqual([(it["path"], it["step"], it["loss"], it["is_best"]) for it in r.of("checkpoint")], [("/tmp/epoch=0.ckpt", 3, 0.25, True)])

    def test_an_exception_is_the_jobs_error_and_a_cancel_the_trainers_stop(self):
        r = under_descriptor(LIGHTNING.replace("END", "headway._speaker().cancelled = True; callback.on_train_batch_end(t, None, None, None, 4); print(t.should_stop); callback.on_exception(t, None, ValueError('x'))"))
        self.assertEqual((r.code, r.out), (0, "True\n"))


class Import(unittest.TestCase):
    def test_nothing_is_imported_with_the_package(self):
        child = program("import sys, headway, headway.callbacks\nprint([it for it in ('torch', 'numpy', 'transformers', 'lightning', 'pytorch_lightning') if it in sys.modules])", environment())
        self.assertEqual(child.communicate(timeout=60), ("[]\n", ""))


if __name__ == "__main__":
    unittest.main()
