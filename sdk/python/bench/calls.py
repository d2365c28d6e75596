"""What a call costs the program that makes it, in microseconds: median and 99th percentile of single calls, and the mean.

    python3 bench/calls.py [SERVER_URL]

Under a descriptor whose other end is read by a process; and posting, to the server given or, without one, to nobody.
"""
import os
import subprocess
import sys

SDK = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
N = 20000

PROGRAM = """
import sys, time
sys.path.insert(0, %(sdk)r)
import headway
n = %(n)d
now = time.perf_counter
def measure(call):
    took = []
    began = now()
    for i in range(n):
        t = now(); call(i); took.append(now() - t)
    mean = (now() - began) / n
    took.sort()
    return took[n // 2] * 1e6, took[n * 99 // 100] * 1e6, mean * 1e6
with headway.job("bench") as job:
    bar = headway.track(total=n, unit="steps", bar=False)
    for name, call in (
        ("log_metrics, 3 values", lambda i: job.log_metrics(i, loss=0.5, grad_norm=1.25, learning_rate=3e-4)),
        ("log_metrics, 20 values", lambda i, v={"m%%d" %% k: k * 0.1 for k in range(20)}: job.log_metrics(i, v)),
        ("bar.update", lambda i: bar.update()),
        ("bar.set_postfix, 1 value", lambda i: bar.set_postfix(loss=0.5)),
        ("log", lambda i: job.log("a line of some length, as a program logs it")),
        ("(an empty call)", lambda i: None),
    ):
        print("%%-28s %%8.1f %%8.1f %%8.1f" %% ((name,) + measure(call)))
"""


def run(what, env, **options):
    print("%s\n%-28s %8s %8s %8s" % (what, "", "median", "p99", "mean"))
    sys.stdout.flush()
    text = PROGRAM % {"sdk": SDK, "n": N}
    subprocess.run([sys.executable, "-c", text], env=dict(os.environ, HEADWAY_FLUSH_SECONDS="2", **env), stderr=subprocess.DEVNULL, check=True, **options)
    print()


def main():
    print("Python %s, %d calls each, microseconds\n" % (sys.version.split()[0], N))
    read, write = os.pipe()
    reader = subprocess.Popen(["cat"], stdin=read, stdout=subprocess.DEVNULL)
    os.close(read)
    run("descriptor", {"HEADWAY_FD": str(write)}, pass_fds=(write,))
    os.close(write)
    reader.wait()
    url = sys.argv[1] if len(sys.argv) > 1 else None
    run("posting to a server" if url else "posting, nobody there", {"HEADWAY_URL": url or "http://127.0.0.1:9"})


if __name__ == "__main__":
    main()
