"""As a worker and `headway run` start a program: with HEADWAY_FD."""
import json
import os
import subprocess
import sys
import tempfile
import unittest

from .support import PATIENCE, SDK, environment, program, under_descriptor, until


class UnderDescriptor(unittest.TestCase):
    def test_the_lines_are_the_wire_format(self):
        r = under_descriptor(
            """
            import headway
            with headway.job("ignored") as job:
                headway.phase("loading", 1, 2, from_percent=0, to_percent=10)
                for i in headway.track(range(3), unit="steps", desc="epoch 1"):
                    headway.log_metrics(i, {"train/loss": 0.5}, layer=2, loss=float("inf"))
                headway.checkpoint("/tmp/a.pt", 2, loss=0.25, is_best=True, size_bytes=10)
                headway.log("half", level="warning")
                headway.result(score=1)
            """
        )
        self.assertEqual((r.code, r.err), (0, ""))
        self.assertEqual(r.of("phase"), [{"type": "phase", "name": "loading", "index": 1, "count": 2, "from": 0.0, "to": 10.0}])
        self.assertEqual([it["step"] for it in r.of("metric")], [0, 1, 2])
        self.assertEqual({k: v for k, v in r.of("metric")[0].items() if k != "ts"}, {"type": "metric", "step": 0, "layer": 2, "train/loss": 0.5, "loss": None})
        self.assertEqual(r.of("progress")[-1], {"type": "progress", "done": 3, "total": 3, "unit": "steps", "message": "epoch 1"})
        self.assertEqual(r.of("checkpoint"), [{"type": "checkpoint", "path": "/tmp/a.pt", "step": 2, "loss": 0.25, "is_best": True, "size_bytes": 10}])
        self.assertEqual(r.of("log"), [{"type": "log", "level": "warning", "text": "half"}])
        self.assertEqual(r.of("result"), [{"score": 1, "type": "result"}])
        # Start and end are the worker's to tell.
        self.assertEqual(r.of("started") + r.of("exited") + r.of("error"), [])

    def test_progress_comes_before_the_phase_that_follows_it(self):
        r = under_descriptor(
            """
            import headway
            headway.phase("one")
            headway.progress(5, 10)
            headway.phase("two")
            headway.progress(1, 10)
            """
        )
        self.assertEqual([it.get("name", it.get("done")) for it in r.lines], ["one", 5, "two", 1])

    def test_what_was_said_before_a_kill_was_said(self):
        r = under_descriptor("import headway, os\nfor i in range(500): headway.log_metrics(i, loss=i)\nos.kill(os.getpid(), 9)")
        self.assertEqual(r.code, -9)
        self.assertEqual([it["step"] for it in r.of("metric")], list(range(500)))

    def test_exceptions_are_error_lines_and_pass_on(self):
        for body, code, error in (
            ("raise ValueError('bad shape')", 1, {"type": "error", "message": "ValueError: bad shape"}),
            ("raise MemoryError", 1, {"type": "error", "message": "MemoryError", "error_type": "OOM"}),
            ("raise SystemExit(3)", 3, None),
            ("raise SystemExit", 0, None),
            ("raise SystemExit('no data')", 1, {"type": "error", "message": "no data"}),
        ):
            r = under_descriptor("import headway\nwith headway.job(): %s" % body)
            self.assertEqual((r.code, r.of("error")), (code, [error] if error else []), body)

    def test_a_full_pipe_stops_nothing_and_all_arrives_later(self):
        read, write = os.pipe()
        child = program(
            """
            import headway
            for i in range(20000): headway.log_metrics(i, loss=i)
            print("done", flush=True)
            input()
            headway.log("more")
            """,
            environment(HEADWAY_FD=str(write), HEADWAY_FLUSH_SECONDS="60"),
            pass_fds=(write,),
        )
        os.close(write)
        # Nobody reads: the pipe holds 64 KiB of these two megabytes.
        self.assertEqual(child.stdout.readline(), "done\n")
        child.stdin.write("\n")
        child.stdin.close()
        with open(read, "rb") as pipe:
            lines = [json.loads(it) for it in pipe]
        self.assertEqual([it["step"] for it in lines if it["type"] == "metric"], list(range(20000)))
        self.assertEqual(lines[-1]["text"], "more")
        self.assertEqual(child.wait(60 * PATIENCE), 0)
        child.stdout.close(), child.stderr.close()

    def test_a_reader_that_is_gone_is_no_error(self):
        read, write = os.pipe()
        os.close(read)
        child = program("import headway\nfor i in range(100): headway.log_metrics(i, loss=i)\nprint('done')", environment(HEADWAY_FD=str(write)), pass_fds=(write,))
        os.close(write)
        self.assertEqual((child.communicate(timeout=60 * PATIENCE), child.returncode), (("done\n", ""), 0))

    def test_a_file_that_has_the_number_by_chance_is_not_written_to(self):
        with tempfile.NamedTemporaryFile() as f:
            os.set_inheritable(f.fileno(), True)
            child = program("import headway\nheadway.log('x')", environment(HEADWAY_FD=str(f.fileno())), pass_fds=(f.fileno(),))
            self.assertEqual(child.communicate(timeout=60 * PATIENCE), ("", ""))
            self.assertEqual(os.path.getsize(f.name), 0)

    @unittest.skipUnless(sys.platform.startswith("linux"), "the way to the launcher's pipe is /proc")
    def test_a_launcher_that_closes_the_descriptor_loses_nothing(self):
        # As torchrun does. In the inner program the number belongs to another pipe by then.
        inner = (
            "import os, headway\nfd = int(os.environ['HEADWAY_FD'])\nr, w = os.pipe()\nos.dup2(w, fd)\nos.set_blocking(r, False)\n"
            "headway.log_metrics(1, loss=2)\ntry: print(os.read(r, 100))\nexcept BlockingIOError: print('untouched')"
        )
        r = under_descriptor("import subprocess, sys\nprint(subprocess.run([sys.executable, '-c', %r], stdout=subprocess.PIPE, text=True).stdout)" % inner)
        self.assertEqual([it["step"] for it in r.of("metric")], [1])
        self.assertEqual(r.out.strip(), "untouched")


class OneSpeaks(unittest.TestCase):
    def test_children_of_a_fork_report_nothing_and_the_parent_goes_on(self):
        r = under_descriptor(
            """
            import headway, os
            with headway.job() as job:
                headway.log_metrics(1, loss=1)
                for _ in range(3):
                    pid = os.fork()
                    if pid == 0:
                        headway.log_metrics(99, loss=1); job.log_metrics(98, loss=1)
                        for _ in headway.track(range(5)): pass
                        with headway.job("inner"): headway.log("inner")
                        os._exit(0)
                    os.waitpid(pid, 0)
                headway.log_metrics(2, loss=1)
            """
        )
        self.assertEqual([(it["type"], it.get("step")) for it in r.lines], [("metric", 1), ("metric", 2)])
        self.assertEqual(r.code, 0)

    def test_processes_of_multiprocessing_report_nothing_with_every_way_of_starting(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "main.py")
            with open(path, "w") as f:
                f.write(
                    "import headway, multiprocessing as mp, sys\n"
                    "def work(job):\n    job.log_metrics(99, loss=1); headway.log_metrics(98, loss=1)\n    return job.name\n"
                    "if __name__ == '__main__':\n"
                    "    with headway.job('outer') as job:\n"
                    "        for how in ('fork', 'spawn', 'forkserver'):\n"
                    "            with mp.get_context(how).Pool(2) as pool: assert pool.map(work, [job] * 2) == ['outer'] * 2\n"
                    "        headway.log_metrics(1, loss=1)\n"
                )
            r = under_descriptor("import runpy, sys\nsys.path.insert(0, %r)\nimport subprocess, os\nfd = int(os.environ['HEADWAY_FD'])\n"
                                 "sys.exit(subprocess.run([sys.executable, %r], pass_fds=(fd,)).returncode)" % (folder, path))
        self.assertEqual((r.code, [it.get("step") for it in r.lines]), (0, [1]), r.err)

    def test_a_rank_that_is_not_the_first_is_silent(self):
        said = "import headway\nwith headway.job() as j: j.log('x')\nheadway.log('y')"
        self.assertEqual([len(under_descriptor(said, RANK=it).lines) for it in ("0", "1")], [2, 0])

    def test_disabled_is_silent(self):
        self.assertEqual(under_descriptor("import headway\nheadway.log('x')", HEADWAY_DISABLED="1").lines, [])

    def test_a_signal_handler_may_report_at_any_moment(self):
        r = under_descriptor(
            """
            import headway, signal
            ticks = []
            def tick(*_):
                ticks.append(1); headway.log("tick")  # and not n += 1, which another signal may interrupt
            signal.signal(signal.SIGALRM, tick)
            signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)
            with headway.job():
                i = 0
                while len(ticks) < 100:
                    headway.log_metrics(i, loss=i); i += 1
                signal.setitimer(signal.ITIMER_REAL, 0)
                headway.result(rows=i, ticks=len(ticks))
            """
        )
        said = r.of("result")[0]
        self.assertEqual((len(r.of("metric")), len(r.of("log"))), (said["rows"], said["ticks"]))

    def test_sigterm_is_the_programs_own_unless_it_says_otherwise(self):
        text = "import headway, os, signal, time\nwith headway.job(on_cancel=%r) as j:\n    os.kill(os.getpid(), signal.SIGTERM)\n    for _ in range(2000):\n        if j.cancelled: raise SystemExit(7)\n        time.sleep(0.01)"
        codes = [under_descriptor(text % how).code for how in (None, "flag")]
        self.assertEqual(codes, [-15, 7])
        self.assertIn(under_descriptor(text % "interrupt").code, (-2, 130))

    def test_a_subclass_of_a_full_devices_error_is_oom_by_name(self):
        r = under_descriptor("import headway\nclass OutOfMemoryError(RuntimeError): pass\nwith headway.job(): raise OutOfMemoryError('CUDA out of memory. Tried to allocate 2 GiB')")
        self.assertEqual(r.of("error")[0]["error_type"], "OOM")


if __name__ == "__main__":
    unittest.main()
