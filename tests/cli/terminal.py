"""Commands on a pseudo terminal.

terminal.py show COMMAND...                 runs it to its end, prints all that it shows; exits as it does
terminal.py type TEXT EXPECTED COMMAND...   a shell with the prompt "ready>": types TEXT, exits with 0 as soon as EXPECTED
                                            is shown, with 1 after 20 s; prints what was shown
"""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time


def start(command):
    process, terminal = pty.fork()
    if process == 0:
        os.execvp(command[0], command)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 200, 0, 0))
    return process, terminal


def read(terminal, until=None, seconds=120.0):
    """What is shown up to `until`, or to the end."""
    shown = b""
    end = time.monotonic() + seconds
    while until is None or until.encode() not in shown:
        left = end - time.monotonic()
        if left <= 0 or not select.select([terminal], [], [], left)[0]:
            break
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # the other side is closed
            break
        if not piece:
            break
        shown += piece
    return shown


def show(command):
    process, terminal = start(command)
    sys.stdout.buffer.write(read(terminal))
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def type_text(text, expected, command):
    process, terminal = start(command)
    read(terminal, "ready>", 20)
    os.write(terminal, text.encode())
    shown = read(terminal, expected, 20)
    os.kill(process, signal.SIGKILL)
    print(re.sub(rb"[\s\0]+", b" ", shown).decode(errors="replace"))
    return expected.encode() not in shown


if sys.argv[1] == "show":
    sys.exit(show(sys.argv[2:]))
sys.exit(type_text(sys.argv[2].replace("TAB", "\t"), sys.argv[3], sys.argv[4:]))
