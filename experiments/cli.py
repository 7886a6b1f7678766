"""The command line. Everything heavy is imported inside the command that needs it."""

import os
import sys
from collections.abc import Callable
from typing import Any

import typer

from experiments.command_parts import BAD_INPUT, FINISHED, INTERRUPTED, complain
from experiments.commands_calculate import epoch, payout, score, tally
from experiments.commands_explain import bench, describe, list_kinds, schema, validate
from experiments.commands_run import compare, report, resume, run
from experiments.errors import UserError

__all__ = ["BAD_INPUT", "FINISHED", "INTERRUPTED", "app", "main"]

app = typer.Typer(
    name="subnetlab",
    help="Simulate the incentives of decentralised machine-learning networks: compare designs under the same luck.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}

# Help lists them in this order.
_COMMANDS: tuple[Callable[..., int], ...] = (
    run, resume, report, compare, epoch, payout, score, tally, list_kinds, describe, validate, schema,
)  # fmt: skip
for _command in _COMMANDS:
    app.command(name="list" if _command is list_kinds else None)(_command)
app.command(context_settings=_PASSED_ON)(bench)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit status: 0 done, 1 some lanes failed, 2 bad input, 130 interrupted."""
    try:
        status = app(args=arguments, prog_name="subnetlab", standalone_mode=False)
        sys.stdout.flush()
    except UserError as error:
        return complain(str(error), BAD_INPUT)
    except KeyboardInterrupt:
        return complain("interrupted", INTERRUPTED)
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINISHED
    except OSError as error:
        return complain(f"{error.filename or 'subnetlab'}: {error.strerror or error}", BAD_INPUT)
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        return complain(_usage(error), BAD_INPUT)
    return status if isinstance(status, int) else FINISHED


def _usage(error: Any) -> str:
    """Return a usage error in one line, with the command whose --help tells more."""
    if type(error).__name__ == "NoArgsIsHelpError":
        return str(error.format_message())
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "subnetlab"
    return f"{command}: {error.format_message()} See: {command} --help"


if __name__ == "__main__":
    sys.exit(main())
