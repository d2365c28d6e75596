import json
import threading
import unittest

from headway._outbox import EVENT, LAST, LOG, METRIC, OVERHEAD, PROGRESS, Outbox


def everything(box):
    return [line for _, line in box.take(1 << 30, 1 << 30)]


class OutboxTest(unittest.TestCase):
    def fill(self, room, lines):
        box = Outbox(room * (OVERHEAD + 2))
        for rank, line in lines:
            box.put("job", rank, line)
        return box

    def test_lines_come_out_in_the_order_they_went_in(self):
        lines = [(METRIC, b"m1"), (LOG, b"l1"), (PROGRESS, b"p1"), (METRIC, b"m2"), (LAST, b"x1"), (EVENT, b"e1")]
        self.assertEqual(everything(self.fill(10, lines)), [line for _, line in lines])

    def test_progress_gives_way_first_then_the_oldest_logs_then_the_oldest_metrics(self):
        lines = [(LOG, b"l1"), (METRIC, b"m1"), (LOG, b"l2"), (PROGRESS, b"p1"), (METRIC, b"m2"), (LAST, b"x1")]
        kept = lambda room: everything(self.fill(room, lines))
        self.assertEqual(kept(5), [json_note("1 progress updates"), b"l1", b"m1", b"l2", b"m2", b"x1"])
        self.assertEqual(kept(4)[1:], [b"m1", b"l2", b"m2", b"x1"])
        self.assertEqual(kept(2)[1:], [b"m2", b"x1"])

    def test_metrics_are_never_dropped_in_silence(self):
        box = self.fill(2, [(METRIC, b"m%d" % i) for i in range(5)])
        first, *rest = everything(box)
        self.assertIn("3 metric rows", json.loads(first)["text"])
        self.assertEqual(json.loads(first)["level"], "warning")
        self.assertEqual(rest, [b"m3", b"m4"])
        self.assertEqual(everything(box), [])

    def test_how_a_job_ends_is_always_kept(self):
        box = self.fill(1, [(LAST, b"r1"), (LAST, b"e1"), (METRIC, b"m1")])
        self.assertEqual(everything(box)[-2:], [b"r1", b"e1"])

    def test_taking_keeps_to_the_bounds_and_takes_one_at_least(self):
        box = self.fill(10, [(LOG, b"l%d" % i) for i in range(4)])
        self.assertEqual(len(box.take(1, 100)), 1)
        self.assertEqual(len(box.take(100, 2)), 2)
        self.assertEqual(len(box), 1)

    def test_forgetting_one_owner_leaves_the_others(self):
        box = Outbox()
        for owner in ("a", "b", "a"):
            box.put(owner, LOG, owner.encode())
        self.assertEqual(box.forget("a"), 2)
        self.assertEqual(everything(box), [b"b"])

    def test_threads_lose_nothing(self):
        box = Outbox()
        threads = [threading.Thread(target=lambda t=t: [box.put("job", METRIC, b"%d.%d" % (t, i)) for i in range(2000)]) for t in range(4)]
        for it in threads:
            it.start()
        for it in threads:
            it.join()
        lines = [tuple(map(int, it.split(b"."))) for it in everything(box)]
        self.assertEqual(len(lines), 8000)
        for t in range(4):
            self.assertEqual([i for owner, i in lines if owner == t], list(range(2000)))


def json_note(what):
    from headway import _outbox

    counts = {PROGRESS: 1} if what.endswith("updates") else {}
    return _outbox._left_out(counts)


if __name__ == "__main__":
    unittest.main()
