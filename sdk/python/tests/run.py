"""Runs the package's tests; the last line says how many passed and failed. An argument chooses by part of a test's name."""
import os
import signal
import sys
import unittest

SDK = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def main() -> int:
    sys.path.insert(0, SDK)
    # Started in a script's background, Ctrl-C is ignored, and would be by the programs that tests interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    loader = unittest.TestLoader()
    if len(sys.argv) > 1:
        loader.testNamePatterns = ["*%s*" % it for it in sys.argv[1:]]
    suite = loader.discover(os.path.join(SDK, "tests"), top_level_dir=SDK)
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    bad = {str(getattr(it, "test_case", it)) for it, _ in result.failures + result.errors}
    sys.stderr.flush()
    print("%d passed, %d failed" % (max(result.testsRun - len(bad) - len(result.skipped), 0), len(bad)), flush=True)
    return 1 if bad or not result.testsRun else 0


if __name__ == "__main__":
    sys.exit(main())
