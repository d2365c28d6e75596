"""examples/fine_tuning.py, both ways: posting by itself, and under a descriptor; the worked example of the documents."""
import os
import subprocess
import sys
import tempfile
import unittest

from .support import HEADWAY, PATIENCE, SDK, Server, environment, under_descriptor

EXAMPLE = os.path.join(SDK, "examples", "fine_tuning.py")


class FineTuning(unittest.TestCase):
    def check(self, server, job, folder):
        self.assertEqual((job["status"], job["progress"], job["phase"]), ("completed", 100, "fine-tuning"))
        self.assertGreater(job["result"]["accuracy_after"], job["result"]["accuracy_before"] + 0.1)
        rows = server.metrics(job)
        self.assertEqual([it["step"] for it in rows], list(range(1, 301)))
        self.assertLess(sum(it["loss"] for it in rows[-20:]), sum(it["loss"] for it in rows[:20]))
        self.assertIn("accuracy", rows[299]["extra"])
        checkpoints = server.get("/trainings/%s/checkpoints" % job["entity_id"])["items"]
        self.assertEqual(sorted(it["step"] for it in checkpoints), [100, 200, 300])
        for it in checkpoints:
            self.assertEqual(os.path.getsize(it["storage_path"]), it["size_bytes"])

    def test_it_posts_by_itself(self):
        with tempfile.TemporaryDirectory() as folder:
            server = Server()
            self.addCleanup(server.stop)
            subprocess.run([sys.executable, EXAMPLE, "--output", folder], env=environment(HEADWAY_URL=server.url), stdout=subprocess.DEVNULL, check=True, timeout=60 * PATIENCE)
            self.check(server, server.job("fine-tuning", "completed"), folder)

    def test_under_headway_run(self):
        shows = subprocess.run([HEADWAY, "run", "--help"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if shows.returncode:
            self.skipTest("this build has no headway run")
        with tempfile.TemporaryDirectory() as folder:
            server = Server()
            self.addCleanup(server.stop)
            command = [HEADWAY, "run", "--name", "under run", "--server", server.url, "--", sys.executable, EXAMPLE, "--output", folder]
            subprocess.run(command, env=environment(), stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, check=True, timeout=60 * PATIENCE)
            self.check(server, server.job("under run", "completed"), folder)
            self.assertEqual(len(server.jobs()), 1)

    def test_it_goes_on_from_its_newest_checkpoint(self):
        with tempfile.TemporaryDirectory() as folder:
            text = "import runpy, sys\nsys.argv = ['x', '--output', %r, '--steps', '%d', '--resume']\nrunpy.run_path(%r, run_name='__main__')"
            first = under_descriptor(text % (folder, 120, EXAMPLE))
            second = under_descriptor(text % (folder, 200, EXAMPLE))
            self.assertEqual([it["step"] for it in first.of("metric")][-1], 120)
            self.assertEqual([it["step"] for it in second.of("metric")][0], 121)


if __name__ == "__main__":
    unittest.main()
