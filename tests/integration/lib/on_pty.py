"""Runs a program on a pseudo-terminal: what comes on standard input is typed, what it shows goes to standard output.

    python3 on_pty.py ROWS COLUMNS PROGRAM ARGUMENT…

SIGUSR1 makes the terminal one row and one column larger. Ends with the program's status, 128 and the signal if one ended it.
"""
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios

rows, columns = int(sys.argv[1]), int(sys.argv[2])
pid, master = pty.fork()
if pid == 0:
    os.execvp(sys.argv[3], sys.argv[3:])


def resize(*_):
    global rows, columns
    rows, columns = rows + 1, columns + 1
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
signal.signal(signal.SIGUSR1, resize)
keys = [sys.stdin.fileno()]
while True:
    ready, _, _ = select.select([master, *keys], [], [])
    if master in ready:
        try:
            shown = os.read(master, 65536)
        except OSError:  # nobody holds the terminal any more
            break
        if not shown:
            break
        os.write(sys.stdout.fileno(), shown)
    elif ready:
        typed = os.read(keys[0], 65536)
        if typed:
            os.write(master, typed)
        else:
            keys = []
status = os.waitpid(pid, 0)[1]
sys.exit(128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))
