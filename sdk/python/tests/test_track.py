import io
import unittest

import headway
from headway._bar import Bar


class Screen(io.StringIO):
    def isatty(self):
        return True


class TrackTest(unittest.TestCase):
    def test_it_yields_what_it_is_given_and_counts(self):
        bar = headway.track(iter("abc"), total=3)
        self.assertEqual((list(bar), bar.n, bar.closed), (["a", "b", "c"], 3, True))

    def test_the_length_is_the_total_if_there_is_one(self):
        self.assertEqual(headway.track([1, 2]).total, 2)
        self.assertIsNone(headway.track(iter([1, 2])).total)

    def test_counted_by_hand(self):
        with headway.track(total=10, unit="B", initial=2) as bar:
            bar.update(3)
            bar.update()
        self.assertEqual((bar.n, bar.closed), (6, True))

    def test_the_iterables_own_exception_passes_and_the_bar_is_closed(self):
        def broken():
            yield 1
            raise KeyError("x")

        bar = headway.track(broken())
        with self.assertRaises(KeyError):
            list(bar)
        self.assertTrue(bar.closed)

    def test_a_break_closes_it(self):
        bar = headway.track(range(10))
        for it in bar:
            if it == 3:
                break
        del it
        self.assertEqual(bar.n, 3)

    def test_the_line(self):
        bar = Bar(total=200, desc="epoch 1", unit="steps")
        bar.update(50)
        bar.set_postfix(loss=0.123456, name="x")
        line = bar.line(bar.started_at + 10, 80)
        self.assertTrue(line.startswith("epoch 1:  25%|█"), line)
        self.assertTrue(line.endswith("| 50/200 [00:10<00:30, 5.00steps/s, loss=0.123, name=x]"), line)
        self.assertLessEqual(len(line), 80)

    def test_the_line_without_a_total(self):
        bar = Bar(unit="it")
        bar.update(5)
        self.assertEqual(bar.line(bar.started_at + 10, 80), "5it [00:10, 2.00s/it]")

    def test_it_is_drawn_on_a_terminal_and_ends_as_it_should(self):
        screen = Screen()
        for _ in headway.track(range(3), desc="x", file=screen):
            pass
        self.assertTrue(screen.getvalue().endswith("\n"))
        self.assertIn("100%", screen.getvalue())
        screen = Screen()
        list(headway.track(range(3), file=screen, leave=False))
        self.assertTrue(screen.getvalue().endswith("\x1b[K"))

    def test_it_is_not_drawn_elsewhere_unless_asked_for(self):
        asked, not_asked = io.StringIO(), io.StringIO()
        list(headway.track(range(3), file=asked, bar=True))
        list(headway.track(range(3), file=not_asked, bar=False))
        self.assertIn("100%", asked.getvalue())
        self.assertEqual(not_asked.getvalue(), "")

    def test_a_closed_screen_is_no_error(self):
        screen = Screen()
        bar = headway.track(total=3, file=screen)
        screen.close()
        bar.update(3)
        bar.close()

    def test_nonsense_is_no_error(self):
        bar = headway.track(total=object(), desc=object(), unit=None, ncols="wide", position=3)
        bar.update("x")
        bar.set_postfix(loss=object())
        bar.set_postfix(5)
        bar.set_description(object())
        bar.close()


if __name__ == "__main__":
    unittest.main()
