"""Posting to a server: this program as a worker that claims nothing, its jobs as attached jobs (docs/api/rest.md)."""
from __future__ import annotations

import http.client
import json
import os
import random
import socket
import time
from typing import Any, Dict, List, Optional, Tuple
from urllib.parse import urlsplit

from . import _values
from ._outbox import LAST
from ._sink import Sink, log

BATCH_BYTES = 1 << 20  # the server takes 8 MiB
BATCH_LINES = 2000
REQUEST_SECONDS = 15
BACKOFF_FIRST, BACKOFF_MOST = 0.25, 5.0
# The request itself is at fault, and repeating it can't mend that. All else (a proxy's page, a server that starts) may pass.
REFUSED = frozenset((400, 404, 405, 409, 413, 422))

HEARTBEAT = b'{"type":"heartbeat"}'


class Away(Exception):
    """The server gave no answer that counts; the same is to be tried again later."""


class Poster(Sink):
    """Everything here but begin, put and close runs on the sink's thread.

    A batch, once made, is repeated under its number until the server has answered it: an answer that was lost doubles nothing.
    """

    owns_jobs = True

    def __init__(self, url: str, version: str, **options: Any) -> None:
        super().__init__(**options)
        parts = urlsplit(url if "//" in url else "http://" + url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("HEADWAY_URL: %r is no http:// or https:// address" % url)
        self.url = url
        self._version = version
        self._tls = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._prefix = parts.path.rstrip("/") + "/api/v1"
        self._connection: Optional[http.client.HTTPConnection] = None
        self._worker: Optional[str] = None
        self._ever_registered = False
        self._lease_seconds = 15.0
        self._number = 0
        self._again = False  # the server doesn't know this worker: register and begin the jobs anew
        self._batch: Optional[List[Tuple[Any, List[bytes]]]] = None
        self._unattached: List[Any] = []
        self._sent_at: Dict[Any, float] = {}  # monotonic, of each attached job that isn't ended
        self._backoff = BACKOFF_FIRST
        self._retry_at = 0.0
        self._away = False

    # ---- for jobs -----------------------------------------------------------------------------------------------------

    def begin(self, job: Any) -> None:
        self._unattached.append(job)
        super().begin(job)
        self._wake.set()

    def close(self, seconds: float) -> None:
        # Where no server ever was there is little hope of one.
        super().close(seconds if self._ever_registered or not self._away else min(seconds, 1.0))
        left = len(self.outbox) + sum(len(lines) for _, lines in self._batch or ())
        if left and not self.off:
            log.warning("%d lines were not sent: no answer from %s", left, self.url)

    def after_fork_in_child(self) -> None:
        super().after_fork_in_child()
        self._connection = None  # the parent's; its socket must not be spoken to

    def _idle(self) -> bool:
        return self._batch is None and not self._unattached and super()._idle()

    # ---- the conversation ---------------------------------------------------------------------------------------------

    def _turn(self) -> None:
        if time.monotonic() < self._retry_at:
            return
        try:
            while not self.off:
                self._attach_new()
                if self._batch is None:
                    self._batch = self._next_batch()
                if self._batch is None:
                    break
                self._post_batch(self._batch)
                self._batch = None
            self._answered()
        except Away as e:
            self._not_answered(str(e))

    def _answered(self) -> None:
        self._backoff = BACKOFF_FIRST
        if self._away:
            self._away = False
            log.info("%s answers again", self.url)

    def _not_answered(self, why: str) -> None:
        if not self._away:
            self._away = True
            log.warning("%s doesn't answer (%s); what is reported waits, and the program goes on", self.url, why)
        # Spread, so that many programs don't come back in the same instant.
        self._retry_at = time.monotonic() + self._backoff * random.uniform(0.5, 1.0)
        self._backoff = min(self._backoff * 2, 0.5 if self._closing_at is not None else BACKOFF_MOST)

    def _request(self, path: str, body: bytes) -> Tuple[int, Dict[str, Any]]:
        """Status and answer; a status of 500 or more, or no answer, is Away."""
        timeout = REQUEST_SECONDS
        if self._closing_at is not None:
            timeout = max(0.1, min(timeout, self._closing_at - time.monotonic()))
        for fresh in (False, True):
            reused = self._connection is not None
            try:
                if self._connection is None:
                    kind = http.client.HTTPSConnection if self._tls else http.client.HTTPConnection
                    self._connection = kind(self._host, self._port, timeout=timeout)
                if self._connection.sock is not None:
                    self._connection.sock.settimeout(timeout)
                headers = {"Content-Type": "application/json"}
                self._connection.request("POST", self._prefix + path, body, headers)
                response = self._connection.getresponse()
                answer = response.read(8 << 20)
                break
            except (OSError, http.client.HTTPException) as e:
                self._disconnect()
                # A kept connection may have been closed by the other side in the meantime, which says nothing about it.
                if fresh or not reused or isinstance(e, socket.timeout):
                    raise Away(str(e) or type(e).__name__) from e
        if response.will_close:
            self._disconnect()
        status = response.status
        try:
            parsed = json.loads(answer)
        except ValueError:
            parsed = None
        if status in REFUSED or (200 <= status < 300 and isinstance(parsed, dict)):
            return status, parsed if isinstance(parsed, dict) else {}
        raise Away("it answered with status %d" % status)

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except Exception:
                pass

    # ---- worker and jobs ----------------------------------------------------------------------------------------------

    def _register(self) -> None:
        me = {"host": socket.gethostname(), "pid": os.getpid(), "version": self._version, "slots": {}}
        status, answer = self._request("/workers", _values.encode(_values.clean(me)))
        if status >= 300 or not isinstance(answer.get("id"), str):
            raise Away("it refused to take this program as a worker: %d" % status)
        self._worker, self._number = answer["id"], 0
        self._ever_registered = True
        self._take_lease(answer)

    def _take_lease(self, answer: Dict[str, Any]) -> None:
        seconds = answer.get("lease_seconds")
        if isinstance(seconds, (int, float)) and seconds > 0:
            self._lease_seconds = float(seconds)

    def _attach_new(self) -> None:
        while self._unattached:
            self._attach(self._unattached[0])
            self._unattached.pop(0)

    def _attach(self, job: Any) -> None:
        for fresh in (False, True):
            if self._worker is None:
                self._register()
            status, answer = self._request("/workers/%s/jobs" % self._worker, job._description())
            if status != 404 or fresh:
                break
            # The server has another database than the one we registered with; or it is too old to know the call.
            self._worker, self._again = None, True
        if status >= 300 or not isinstance(answer.get("job_id"), str):
            message = (answer.get("error") or {}).get("message", "status %d" % status)
            self._lose(job, "the server doesn't take it: %s" % message)
            return
        job._attached(answer["job_id"], int(answer.get("attempt", 1)), str(answer.get("lease", "")))
        self._take_lease(answer)
        self._sent_at[job] = 0.0

    def _lose(self, job: Any, why: str) -> None:
        job.lost = True
        self._sent_at.pop(job, None)
        left = self.outbox.forget(job)
        log.warning("job %r: %s; %d lines that waited are dropped, and the program goes on", job.name, why, left)

    # ---- batches ------------------------------------------------------------------------------------------------------

    def _next_batch(self) -> Optional[List[Tuple[Any, List[bytes]]]]:
        lines: Dict[Any, List[bytes]] = {}
        for job, line in self.outbox.take(BATCH_BYTES, BATCH_LINES):
            if not job.lost:
                lines.setdefault(job, []).append(line)
        due = time.monotonic() - self._lease_seconds / 3
        for job, at in self._sent_at.items():
            if at < due and job not in lines:
                lines[job] = [HEARTBEAT]
        if not lines:
            return None
        self._number += 1
        return list(lines.items())

    def _body(self, batch: List[Tuple[Any, List[bytes]]]) -> bytes:
        reports = []
        for job, lines in batch:
            if job.lost:
                continue
            head = _values.encode({"job_id": job.id, "attempt": job._attempt, "lease": job._lease})
            reports.append(head[:-1] + b',"events":[' + b",".join(lines) + b"]}")
        return b'{"batch":%d,"reports":[' % self._number + b",".join(reports) + b"]}"

    def _post_batch(self, batch: List[Tuple[Any, List[bytes]]]) -> None:
        self._attach_new()  # a job may have been begun, and have spoken, since the last look
        if self._again:
            self._start_again(batch)
        status, answer = self._request("/workers/%s/report" % self._worker, self._body(batch))
        if status == 404:
            self._worker, self._again = None, True
            raise Away("it doesn't know this program any more")
        if status >= 300:
            message = (answer.get("error") or {}).get("message", "")
            self.note("the server refused %d lines with %d: %s" % (sum(len(it) for _, it in batch), status, message))
            return
        now = time.monotonic()
        verdicts = answer.get("jobs") or {}
        for job, _ in batch:
            verdict = verdicts.get(job.id) or {}
            job._control(verdict.get("control"))
            if verdict.get("ok") is False:
                self._lose(job, "the server has given it up (%s)" % verdict.get("reason"))
            elif job.ended and not self.outbox_has(job):
                self._sent_at.pop(job, None)
            elif job in self._sent_at:
                self._sent_at[job] = now

    def outbox_has(self, job: Any) -> bool:
        """Whether the line that ends the job may still be waiting."""
        return any(it[1] is job for it in list(self.outbox._lines[LAST]))

    def _start_again(self, batch: List[Tuple[Any, List[bytes]]]) -> None:
        """Under a new worker's id. The same keys give the same jobs, if the server has them, or else new ones."""
        for job in list(dict.fromkeys([it for it, _ in batch] + list(self._sent_at))):
            if not job.lost:
                self._attach(job)
        self._number = 1
        self._again = False
