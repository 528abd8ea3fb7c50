"""Becomes another program, as another user if asked, that dies when the one who started it dies.

Run as a file by ``python -I -S child.py SIGNAL PARENT UID GID program argument ...`` (``-`` in place of a number: not so).
It is a program of its own and not a ``preexec_fn``, because Python code between fork and exec can deadlock in a process
with threads. The signal comes last: a change of user clears it. Everything is imported first: the new user may not see
the folder that Python lies in.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_LIBC = ctypes.CDLL(None, use_errno=True)


def _die_with_parent(signal_name: str, parent: str) -> None:
    if not sys.platform.startswith("linux"):
        return  # elsewhere the next start finds and stops what was left behind
    set_parent_death_signal = 1  # PR_SET_PDEATHSIG, <linux/prctl.h>
    if _LIBC.prctl(set_parent_death_signal, int(signal.Signals[f"SIG{signal_name}"]), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    if parent != "-" and os.getppid() != int(parent):
        sys.exit(0)  # the parent died before the line above took effect, so no signal will come


def main(words: list[str]) -> None:
    signal_name, parent, uid, gid, *command = words
    if uid != "-":
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
    _die_with_parent(signal_name, parent)
    os.execvp(command[0], command)  # noqa: S606 - the command is the launcher's own


if __name__ == "__main__":
    main(sys.argv[1:])
