"""Programs that post to a real server of this build, by themselves."""
import http.client
import socket
import subprocess
import threading
import time
import unittest
import urllib.error

from .support import PATIENCE, Server, environment, program, until


class Posting(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.stop)

    def start(self, text, **env):
        child = program(text, environment(HEADWAY_URL=self.server.url, **env))
        self.addCleanup(self.reap, child)
        return child

    def reap(self, child):
        if child.poll() is None:
            child.kill()
        child.wait()
        for it in (child.stdin, child.stdout, child.stderr):
            it.close()

    def run_to_end(self, text, **env):
        child = self.start(text, **env)
        child.communicate(timeout=60 * PATIENCE)
        return child.returncode

    def go_on(self, child):
        child.stdin.write("\n")
        child.stdin.flush()

    def test_a_training_appears_moves_and_completes_with_its_curve(self):
        child = self.start(
            """
            import headway
            with headway.job("fit", params={"lr": 0.001}) as job:
                bar = job.track(total=100, unit="steps")
                for i in range(40):
                    job.log_metrics(i, loss=1 / (i + 1), accuracy=i / 100)
                    bar.update()
                input()
                for i in range(40, 100):
                    job.log_metrics(i, loss=1 / (i + 1), accuracy=i / 100)
                    bar.update()
                job.checkpoint("/tmp/model.pt", 99, loss=0.01, size_bytes=5)
                job.log("nearly done")
                job.result(accuracy=0.99)
            """
        )
        half = until("40 %", lambda: next((it for it in self.server.jobs() if it["progress"] == 40), None))
        self.assertEqual((half["status"], half["attached"], half["params"]["lr"], half["unit"]), ("running", True, 0.001, "steps"))
        self.go_on(child)
        job = self.server.job("fit", "completed")
        self.assertEqual((job["progress"], job["result"], job["entity_type"]), (100, {"accuracy": 0.99}, "training"))
        rows = self.server.metrics(job)
        self.assertEqual([it["step"] for it in rows], list(range(100)))
        self.assertEqual([it["loss"] for it in rows], [1 / (i + 1) for i in range(100)])
        self.assertEqual(rows[50]["extra"]["accuracy"], 0.5)
        training = self.server.get("/trainings/" + job["entity_id"])
        self.assertEqual((training["total_steps"], training["current_step"], training["status"]), (100, 100, "completed"))
        checkpoints = self.server.get("/trainings/%s/checkpoints" % job["entity_id"])["items"]
        self.assertEqual([(it["step"], it["storage_path"]) for it in checkpoints], [(99, "/tmp/model.pt")])
        self.assertIn("nearly done", self.server.log(job))

    def test_never_again_26_how_a_program_ends_is_how_its_job_ends(self):
        ends = {
            "fails": ("raise ValueError('bad shape')", 1, "failed", "ValueError: bad shape"),
            "full": ("raise MemoryError('too much')", 1, "failed", "MemoryError: too much"),
            "interrupted": ("raise KeyboardInterrupt", None, "cancelled", None),
            "leaves": ("raise SystemExit(3)", 3, "failed", None),
            "fine": ("raise SystemExit(0)", 0, "completed", None),
        }
        for name, (body, code, status, message) in ends.items():
            with self.subTest(name):
                got = self.run_to_end("import headway\nwith headway.job(%r) as j:\n    j.progress(3, 10)\n    %s" % (name, body))
                if code is not None:
                    self.assertEqual(got, code)
                job = self.server.job(name, "completed", "failed", "cancelled")
                self.assertEqual(job["status"], status)
                if message:
                    self.assertIn(message, job["error_message"])
                self.assertEqual(job["error_type"] == "OOM", name == "full")

    def test_a_job_begun_without_with_fails_by_what_ends_the_program(self):
        self.assertEqual(self.run_to_end("import headway\nj = headway.job('loose'); j.start()\nraise KeyError('k')"), 1)
        self.assertIn("KeyError", self.server.job("loose", "failed")["error_message"])

    def test_several_jobs_of_one_program_are_several(self):
        self.run_to_end("import headway\nfor i in range(3):\n    with headway.job('run %d' % i): headway.log_metrics(0, loss=i)")
        for i in range(3):
            job = self.server.job("run %d" % i, "completed")
            self.assertEqual([it["loss"] for it in self.server.metrics(job)], [i])

    def test_a_name_of_any_length_and_parameters_of_any_kind_are_taken(self):
        self.run_to_end("import headway\nwith headway.job('\U0001f600' * 300, params={1: object(), 'x': float('nan'), 'big': 10 ** 30}): pass")
        job = self.server.job("\U0001f600" * 50, "completed")
        self.assertEqual((job["params"]["x"], job["params"]["big"]), (None, 1e30))
        self.run_to_end("import headway\nwith headway.job('large', params={'x': 'y' * 200000}): pass")
        self.assertNotIn("x", self.server.job("large", "completed")["params"])

    def test_heartbeats_keep_a_silent_program_running(self):
        child = self.start("import headway\nwith headway.job('quiet') as j: input()")
        job = self.server.job("quiet", "running")
        # Three heartbeats, whose distance is a third of the lease: without them it would be stalled by then.
        seen = {job["last_report_at"]}

        def heard():
            now = self.server.get("/jobs/" + job["id"])
            self.assertEqual(now["status"], "running")
            seen.add(now["last_report_at"])
            return len(seen) > 3

        until("heartbeats", heard, 60)
        self.go_on(child)
        self.server.job("quiet", "completed")

    def test_never_again_23_a_cancelled_program_hears_of_it_and_decides_itself(self):
        for how, body in (("None", "while not j.cancelled: time.sleep(0.01)"), ("'interrupt'", "time.sleep(600)")):
            with self.subTest(how):
                name = "cancel me " + how
                child = self.start("import headway, time\nwith headway.job(%r, on_cancel=%s) as j:\n    j.progress(1, 10)\n    %s" % (name, how, body))
                job = self.server.job(name, "running")
                self.server.call("POST", "/jobs/%s/cancel" % job["id"], {})
                self.assertEqual(self.server.job(name, "cancelled")["progress"], 10)
                self.assertEqual(child.wait(30 * PATIENCE) == 0, how == "None")

    def test_never_again_23_an_interrupt_that_nobody_saw_comes_again(self):
        # The first is taken away, as one is that falls between the interpreter's last look and a call that blocks.
        child = self.start(
            """
            import headway, signal, time
            real, sent = signal.pthread_kill, []
            def lose_the_first(thread, number):
                sent.append(number)
                if len(sent) > 1:
                    real(thread, number)
            signal.pthread_kill = lose_the_first
            with headway.job("deaf", on_cancel="interrupt") as j:
                time.sleep(600)
            """
        )
        self.server.call("POST", "/jobs/%s/cancel" % self.server.job("deaf", "running")["id"], {})
        self.server.job("deaf", "cancelled")
        self.assertNotEqual(child.wait(30 * PATIENCE), 0)

    def test_never_again_26_a_server_killed_in_the_middle_loses_nothing(self):
        child = self.start(
            """
            import headway, sys
            with headway.job("survivor") as j:
                for part in range(4):
                    for i in range(part * 500, part * 500 + 500):
                        j.log_metrics(i, loss=i)
                    j.progress(part + 1, 4)
                    print("part", part, flush=True)
                    input()
                j.result(parts=4)
            """,
            HEADWAY_FLUSH_SECONDS="60",
        )
        job = self.server.job("survivor", "running")
        child.stdout.readline()
        self.go_on(child)
        self.server.kill()
        child.stdout.readline()  # the program goes on while there is no server
        self.go_on(child)
        child.stdout.readline()
        self.server.launch()
        self.go_on(child)
        child.stdout.readline()
        self.server.kill()
        self.go_on(child)
        self.server.launch()
        child.wait(60 * PATIENCE)
        after = self.server.job("survivor", "completed")
        self.assertEqual((after["id"], after["result"]), (job["id"], {"parts": 4}))
        rows = self.server.metrics(after)
        self.assertEqual([(it["step"], it["loss"]) for it in rows], [(i, i) for i in range(2000)])
        self.assertEqual(len(self.server.jobs()), 1)

    def test_never_again_26_a_server_that_comes_later_gets_all(self):
        self.server.kill()
        child = self.start("import headway\nwith headway.job('early') as j:\n    for i in range(1000): j.log_metrics(i, loss=i)\n    print('said', flush=True)\n    input()")
        child.stdout.readline()
        self.server.launch()
        self.server.job("early", "running")
        self.go_on(child)
        self.assertEqual(len(self.server.metrics(self.server.job("early", "completed"))), 1000)

    def test_answers_lost_on_the_way_double_nothing(self):
        relay = Relay(self.server.port)
        self.addCleanup(relay.close)
        text = "import headway\nwith headway.job('relayed') as j:\n    for part in range(6):\n        j.log('line %d' % part); headway.flush(60)"
        child = program(text, environment(HEADWAY_URL="http://127.0.0.1:%d" % relay.port, HEADWAY_FLUSH_SECONDS="60"))
        self.addCleanup(self.reap, child)
        child.wait(60 * PATIENCE)
        job = self.server.job("relayed", "completed")
        self.assertEqual([it for it in self.server.log(job).splitlines() if it.startswith("line")], ["line %d" % i for i in range(6)])
        self.assertEqual(len(self.server.jobs()), 1)
        self.assertGreater(relay.lost, 3)

    def test_another_database_behind_the_same_address_gets_the_job_anew(self):
        child = self.start("import headway\nwith headway.job('moved') as j:\n    j.log('one')\n    input()\n    j.log_metrics(1, loss=2)", HEADWAY_FLUSH_SECONDS="60")
        first = self.server.job("moved", "running")
        self.server.kill()
        other = Server.__new__(Server)
        other.data, other.port = self.server.data + "-other", self.server.port
        import os

        os.mkdir(other.data)
        other.launch()
        self.addCleanup(other.stop)
        self.go_on(child)
        child.wait(60 * PATIENCE)
        again = other.job("moved", "completed")
        self.assertNotEqual(again["id"], first["id"])
        self.assertEqual([it["loss"] for it in other.metrics(again)], [2])


class Relay:
    """Between program and server: hands every request on, and keeps every second answer to itself."""

    def __init__(self, server_port):
        self.server_port = server_port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.lost = self.n = 0
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with client:
                self.serve(client)

    def serve(self, client):
        stream = client.makefile("rb")
        head = stream.readline().split()
        length = 0
        while True:
            line = stream.readline().strip().lower()
            if line.startswith(b"content-length:"):
                length = int(line.split(b":")[1])
            if not line:
                break
        if not head:
            return
        upstream = http.client.HTTPConnection("127.0.0.1", self.server_port, timeout=20)
        upstream.request("POST", head[1].decode(), stream.read(length), {"Content-Type": "application/json"})
        response = upstream.getresponse()
        body = response.read()
        upstream.close()
        self.n += 1
        if self.n % 2:
            self.lost += 1
            return
        client.sendall(b"HTTP/1.1 %d x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % (response.status, len(body)) + body)

    def close(self):
        self.listener.close()


class WithoutServer(unittest.TestCase):
    def test_never_again_26_no_server_at_all_is_no_error_and_holds_up_nobody(self):
        with socket.create_server(("127.0.0.1", 0)) as s:
            port = s.getsockname()[1]
        child = program(
            "import headway, time\nt = time.perf_counter()\nwith headway.job('alone') as j:\n    for i in headway.track(range(20000)): j.log_metrics(i, loss=i)\nprint('fine')",
            environment(HEADWAY_URL="http://127.0.0.1:%d" % port),
        )
        out, err = child.communicate(timeout=60 * PATIENCE)
        self.assertEqual((child.returncode, out), (0, "fine\n"))
        self.assertIn("doesn't answer", err)
        self.assertIn("were not sent", err)
        self.assertLess(len(err.splitlines()), 5)

    def test_a_server_that_takes_and_never_answers_holds_up_nobody(self):
        with socket.create_server(("127.0.0.1", 0)) as s:
            child = program(
                "import headway\nwith headway.job('deaf') as j: j.log_metrics(0, loss=1)\nprint('fine')",
                environment(HEADWAY_URL="http://127.0.0.1:%d" % s.getsockname()[1], HEADWAY_FLUSH_SECONDS="1"),
            )
            self.assertEqual(child.communicate(timeout=60 * PATIENCE)[0], "fine\n")

    def test_an_address_that_is_none_is_said_and_no_error(self):
        child = program("import headway\nwith headway.job('x') as j: j.log('y')\nprint('fine')", environment(HEADWAY_URL="ftp://x"))
        out, err = child.communicate(timeout=60 * PATIENCE)
        self.assertEqual((child.returncode, out), (0, "fine\n"))
        self.assertIn("HEADWAY_URL", err)


if __name__ == "__main__":
    unittest.main()
