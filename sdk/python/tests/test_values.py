import json
import math
import unittest
from decimal import Decimal
from fractions import Fraction

from headway import _values


class Scalar:
    """As numpy's and torch's: a number through float(), and nothing else."""

    def __init__(self, value):
        self.value = value

    def __float__(self):
        if isinstance(self.value, Exception):
            raise self.value
        return float(self.value)


class Array:
    def __init__(self, values):
        self.values = values

    def __float__(self):
        raise TypeError("only length-1 arrays can be converted")

    def tolist(self):
        return self.values


class Hostile:
    def __str__(self):
        raise RuntimeError("no")

    __repr__ = __str__


def read(line):
    def never(name):
        raise AssertionError("%s is no JSON" % name)

    return json.loads(line, parse_constant=never)


class Numbers(unittest.TestCase):
    def test_finite_numbers_are_kept(self):
        for given, expected in ((3, 3), (0.1, 0.1), (True, 1), (Scalar(0.5), 0.5), (Decimal("1.5"), 1.5), (Fraction(1, 4), 0.25)):
            self.assertEqual(_values.number(given), expected)

    def test_what_is_not_finite_is_null(self):
        for given in (math.nan, math.inf, -math.inf, None, Scalar(math.nan), Scalar(math.inf), 10**400, Scalar(OverflowError())):
            self.assertIsNone(_values.number(given))

    def test_integers_beyond_a_double_lose_digits_and_not_the_line(self):
        self.assertEqual(_values.number(2**53), 2**53)
        self.assertEqual(_values.number(2**70), float(2**70))
        self.assertIsInstance(_values.number(2**70), float)

    def test_text_and_arrays_are_no_numbers(self):
        for given in ("3.0", b"3", [1], Array([1, 2]), object(), Scalar(RuntimeError("device lost"))):
            with self.assertRaises(_values.NotANumber):
                _values.number(given)


class Lines(unittest.TestCase):
    def test_a_metric_names_what_it_left_out(self):
        line, bad = _values.metric(1.5, 7, None, {"loss": Scalar(0.5), "note": "high", "acc": math.nan})
        self.assertEqual(read(_values.encode(line)), {"type": "metric", "step": 7, "ts": 1.5, "loss": 0.5, "acc": None})
        self.assertEqual(bad, ["note"])

    def test_names_that_the_line_uses_itself_get_an_underscore(self):
        line, _ = _values.metric(0, 1, 2, {"type": 1, "step": 2, "layer": 3, "ts": 4})
        self.assertEqual((line["type"], line["step"], line["layer"]), ("metric", 1, 2))
        self.assertEqual([line[it + "_"] for it in ("type", "step", "layer", "ts")], [1, 2, 3, 4])

    def test_strange_names(self):
        line, _ = _values.metric(0, 1, None, {3: 1, "": 2, "é\ud800": 3, "a\0b": 4, "x" * 500: 5})
        back = read(_values.encode(line))
        self.assertEqual({k: v for k, v in back.items() if k in ("3", "_", "é?", "a\ufffdb")}, {"3": 1, "_": 2, "é?": 3, "a\ufffdb": 4})
        self.assertEqual(max(map(len, back)), 200)

    def test_any_value_becomes_json(self):
        loop = []
        loop.append(loop)
        given = {
            "a": Array([1.0, math.nan]), ("t", 1): {1, }, None: b"x", "loop": loop, "big": 2**80, "o": Hostile(), "ok": True, "s": "\ud800\0",
        }
        back = read(_values.encode(_values.clean(given)))
        self.assertEqual(back["a"], [1.0, None])
        self.assertIs(back["ok"], True)
        self.assertEqual(back["s"], "?\ufffd")
        self.assertIn("Hostile", back["o"])

    def test_a_step_is_a_count(self):
        self.assertEqual([_values.count(it) for it in (0, 7.9, Scalar(3), -1, "x", math.nan, 2**54)], [0, 7, None, None, None, None, None])

    def test_long_text_is_cut_and_says_so(self):
        self.assertEqual(_values.text("x" * 100, 10), "x" * 9 + "…")


if __name__ == "__main__":
    unittest.main()
