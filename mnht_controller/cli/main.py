# SPDX-License-Identifier: Apache-2.0
"""All commands under one name. Simulator commands come by entry point, so a site can lack them."""

import sys
from importlib.metadata import entry_points

import typer

from mnht_controller import __version__
from mnht_controller.cli import devices, doctor, record, site
from mnht_controller.cli.output import EXIT_USAGE

COMMANDS_GROUP = "mnht.commands"
ABOUT = """Closed-loop control of magnetic nanoparticle hyperthermia.

Research software, not a medical device. Try `mnht demo`: a whole treatment on simulated hardware.
"""


def build() -> typer.Typer:
    """The application with every installed command."""
    app = typer.Typer(help=ABOUT, no_args_is_help=True, pretty_exceptions_enable=False)
    app.callback()(_options)
    shown = (
        site.serve,
        site.stop,
        site.close,
        site.check,
        devices.devices,
        record.replay,
        doctor.doctor,
    )
    for command in shown:
        app.command(command.__name__)(command)
    app.add_typer(site.config, name="config")
    app.add_typer(record.audit, name="audit")
    for point in sorted(entry_points(group=COMMANDS_GROUP), key=lambda point: point.name):
        app.command(point.name)(point.load())
    return app


def main() -> None:
    """Run the command line."""
    if sys.flags.optimize:
        sys.stderr.write("mnht: refused under python -O: it strips checks; run without it\n")
        raise SystemExit(EXIT_USAGE)
    build()()


def _show_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"mnht {__version__}\n")
        raise typer.Exit


def _options(
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Options before the command."""
