"""The command line: ``libertas`` (also ``python -m service``). Every command says what is wrong and what to do next."""

from __future__ import annotations

import argparse
import logging
import sys

import structlog

from service import __version__
from service.commands import Act, audit, backup, bench, evidence, exports, keys, ledger, operator, organizer, partners, processes
from service.errors import Misconfigured, Refusal, Unproven


def _logs() -> None:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )


def parser() -> argparse.ArgumentParser:
    """The whole command line; its help is checked against docs by a test."""
    top = argparse.ArgumentParser(prog="libertas", description="Petitions whose certified count anyone can recompute.")
    top.add_argument("--version", action="version", version=f"libertas {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, act: Act, text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text)
        made.set_defaults(run=act)
        return made

    for group in (processes, operator, organizer, partners, evidence, audit, keys, ledger, exports, backup, bench):
        group.add(command)
    return top


def main(words: list[str] | None = None) -> int:
    """Run one command; refusals and wrong settings become sentences on stderr and a non-zero exit."""
    options = parser().parse_args(words)
    _logs()
    try:
        code: int = options.run(options)
        return code
    except Misconfigured as wrong:
        for fault in wrong.faults:
            print(fault, file=sys.stderr)
    except Refusal as refused:
        print(refused.detail or refused.code, file=sys.stderr)
    except Unproven as wrong:
        print(str(wrong), file=sys.stderr)
    except (FileNotFoundError, FileExistsError, NotADirectoryError, IsADirectoryError, PermissionError) as wrong:
        if wrong.filename is None:  # not about a file that somebody named
            raise
        print(f"{wrong.filename}: {wrong.strerror}", file=sys.stderr)
    return 3 if options.command == "verify" else 1


if __name__ == "__main__":
    sys.exit(main())
