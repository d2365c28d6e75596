"""A real server of this build, programs that use the package, and waiting for what they bring about."""
from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import urllib.error
import urllib.request
from typing import Any, Callable, Dict, List, Optional

SDK = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(os.path.dirname(SDK))
BUILD = os.environ.get("HEADWAY_BUILD") or os.path.join(ROOT, "build")
HEADWAY = os.path.join(BUILD, "bin", "headway")
PATIENCE = float(os.environ.get("HEADWAY_PATIENCE", "1"))


def until(what: str, check: Callable[[], Any], seconds: float = 30) -> Any:
    """check()'s first true value; for what no event announces."""
    deadline = time.monotonic() + seconds * PATIENCE
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError("waited %g s for %s" % (seconds * PATIENCE, what))
        time.sleep(0.02)


class Server:
    """`headway serve` without a worker, on a free port, in a folder of its own."""

    def __init__(self) -> None:
        self.data = tempfile.mkdtemp(prefix="headway-python-")
        self.port = 0
        self.launch()

    def launch(self) -> None:
        self._log = open(os.path.join(self.data, "stderr.txt"), "ab")
        command = [HEADWAY, "serve", "--listen", "127.0.0.1:%d" % self.port, "--data", os.path.join(self.data, "d"), "--no-worker"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self._log, text=True)
        for line in self.process.stdout:
            found = re.search(r"http://[^\s/]+(?=/?\s)", line)
            if found:
                self.url = found.group(0)
                self.port = int(self.url.rpartition(":")[2])
                return
        raise AssertionError("the server did not come up: " + open(self._log.name).read())

    def kill(self) -> None:
        self.process.kill()
        self._reap()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self._reap()
        shutil.rmtree(self.data, ignore_errors=True)

    def _reap(self) -> None:
        self.process.wait(30)
        self.process.stdout.close()
        self._log.close()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + "/api/v1" + path, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=20) as response:
            return json.load(response)

    def get(self, path: str) -> Any:
        return self.call("GET", path)

    def jobs(self) -> List[Dict[str, Any]]:
        return self.get("/jobs?kind=command")["items"]

    def job(self, name: str, *statuses: str) -> Dict[str, Any]:
        """The job of that name, as soon as its status is one of these (any, if none is given)."""

        def look() -> Optional[Dict[str, Any]]:
            return next((it for it in self.jobs() if it["name"] == name and (not statuses or it["status"] in statuses)), None)

        return until("job %s to be %s" % (name, statuses or "there"), look)

    def metrics(self, job: Dict[str, Any]) -> List[Dict[str, Any]]:
        answer = self.get("/trainings/%s/metrics?max_points=100000" % job["entity_id"])
        return answer["items"] if "items" in answer else answer["metrics"]

    def log(self, job: Dict[str, Any]) -> str:
        answer = self.get("/jobs/%s/logs?limit=500" % job["id"])
        return "\n".join(it["text"] for it in answer.get("items", answer.get("lines", [])))


def environment(**more: Optional[str]) -> Dict[str, str]:
    """This process's, without what would change how the package behaves."""
    ours = ("HEADWAY_", "RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "PMI_RANK")
    env = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    env["PYTHONPATH"] = SDK
    env["PYTHONUNBUFFERED"] = "1"
    env.update({k: v for k, v in more.items() if v is not None})
    return env


def program(text: str, env: Dict[str, str], **options: Any) -> "subprocess.Popen[str]":
    """Starts a Python program that says these lines."""
    options = dict({"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}, **options)
    return subprocess.Popen([sys.executable, "-c", textwrap.dedent(text)], env=env, text=True, **options)


class Result:
    def __init__(self, code: int, out: str, err: str, lines: List[Dict[str, Any]]) -> None:
        self.code, self.out, self.err, self.lines = code, out, err, lines

    def of(self, kind: str) -> List[Dict[str, Any]]:
        return [it for it in self.lines if it["type"] == kind]


def under_descriptor(text: str, **env: str) -> Result:
    """Runs a program as a worker does, and reads what it says on its descriptor."""
    read, write = os.pipe()
    with open(read, "rb") as pipe:
        child = program(text, environment(HEADWAY_FD=str(write), HEADWAY_JOB_ID="job_test", **env), pass_fds=(write,))
        os.close(write)
        # What is written fits into the pipe or is read here: the program's own output is short.
        lines = [json.loads(it) for it in pipe.read().decode().splitlines()]
    out, err = child.communicate(timeout=60 * PATIENCE)
    return Result(child.returncode, out, err, lines)
