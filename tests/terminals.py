"""Python at a terminal that does not exist, and what is left on its screen."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import textwrap
from dataclasses import dataclass
from typing import Any

HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
ESCAPE = "\x1b"


@dataclass(frozen=True)
class Seen:
    """What a program has left: its status, what it wrote to the terminal and into a pipe for its output."""

    status: int
    written: str
    piped: str = ""

    @property
    def screen(self) -> list[str]:
        """The lines that are still there, after all that was cleared and written over."""
        lines, row, column = [""], 0, 0
        for piece in re.findall(r"\x1b\[[?\d;]*[A-Za-z]|[\r\n]|[^\x1b\r\n]+", self.written):
            if piece == "\r":
                column = 0
            elif piece == "\n":
                row += 1
                lines += [""] * (row + 1 - len(lines))
            elif piece == "\x1b[2K":
                lines[row] = ""
            elif re.fullmatch(r"\x1b\[\d*A", piece):
                row -= int(piece[2:-1] or 1)
            elif not piece.startswith(ESCAPE):
                lines[row] = lines[row][:column].ljust(column) + piece + lines[row][column + len(piece) :]
                column += len(piece)
        return [line.rstrip() for line in lines if line.strip()]


def at_terminal(
    *command: str, piped: bool = False, interrupt_at: str = "", env: dict[str, str] | None = None
) -> Seen:
    """Run Python at a terminal of 100 columns.

    Parameters
    ----------
    *command : str
        Arguments of Python.
    piped : bool
        Whether the output goes to a pipe, and errors alone to the terminal.
    interrupt_at : str
        Ctrl-C is pressed when this has been written.
    env : dict, optional
        More of the environment.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    streams: dict[str, Any] = {"stdin": theirs, "stderr": theirs}
    process = subprocess.Popen(
        [sys.executable, *command],
        stdout=subprocess.PIPE if piped else theirs,
        env={**os.environ, "TERM": "xterm", **(env or {})},
        start_new_session=True,
        **streams,
    )
    os.close(theirs)
    written = b""
    while more := _read(ours):
        written += more
        if interrupt_at and interrupt_at.encode() in written:
            interrupt_at = ""
            process.send_signal(signal.SIGINT)
    os.close(ours)
    out = process.stdout.read().decode() if process.stdout is not None else ""
    if process.stdout is not None:
        process.stdout.close()
    return Seen(process.wait(), written.decode(), out)


def _read(descriptor: int) -> bytes:
    """What comes next; nothing when all programs have left the terminal, which Linux calls an error."""
    try:
        return os.read(descriptor, 4096)
    except OSError:
        return b""


def script(text: str) -> tuple[str, str]:
    """Arguments of Python that run this text."""
    return "-c", textwrap.dedent(text)
