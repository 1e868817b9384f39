# SPDX-License-Identifier: Apache-2.0
"""`mnht devices`: who answers at a site, what is plugged in, what the drivers know."""

from pathlib import Path
from typing import Annotated, cast

import typer

from mnht_controller.cli.output import EXIT_UNAVAILABLE, emit, errors, say
from mnht_controller.cli.site import AsJson, Endpoints, read_endpoints

SHOWN = (
    "stop_path", "dead_man", "watchdog_s", "watchdog_proof", "limit_register", "baud", "period_s",
)  # fmt: skip


def devices(
    site: Annotated[
        Path | None, typer.Argument(metavar="[SITE.toml]", help="The site.", show_default=False)
    ] = None,
    endpoints: Endpoints = None,
    is_describe: Annotated[
        bool, typer.Option("--describe", help="Say what each installed driver knows or assumes.")
    ] = False,
    driver: Annotated[str | None, typer.Option(help="With --describe: only this one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Identify every device of a site. Writes nothing but the identity query to a wrong one.

    Without a site: list the serial ports of this host, by names that stay, and write nothing to
    any of them: an unknown instrument may move on a byte. Examples: mnht devices;
    mnht devices --describe --driver ambrell_easyheat;
    mnht devices config/sites/bench.toml --endpoints endpoints.json --json
    """
    from mnht_controller.app.identify import identify_all
    from mnht_controller.settings.load import load_site

    if is_describe:
        _describe(driver, as_json=as_json)
        return
    if site is None:
        _ports(as_json=as_json)
        return
    with errors(as_json=as_json):
        settings = load_site(site, endpoints=read_endpoints(endpoints))
        rows = identify_all(settings)
    if as_json:
        emit({"ok": all(row["ok"] for row in rows), "devices": rows})
    for row in rows:
        say(f"{row['id']}: {row['identity'] or row['error']}")
    if not all(row["ok"] for row in rows):
        raise typer.Exit(EXIT_UNAVAILABLE)


def _describe(driver: str | None, *, as_json: bool) -> None:
    from mnht_controller.app.describe import describe

    with errors(as_json=as_json):
        rows = describe(driver)
    if as_json:
        emit({"drivers": rows})
        return
    for row in rows:
        say(f"{row['name']}: {row['title']} ({row['kind']})")
        for key in SHOWN:
            say(f"  {key:16} {row[key]}")
        for label, group in (("option", "options"), ("wire", "provenance")):
            for name, text in cast(dict[str, str], row[group]).items():
                say(f"  {label:16} {name}: {text}")
        for text in cast(list[str], row["status_words"]):
            say(f"  {'status':16} {text}")


def _ports(*, as_json: bool) -> None:
    from mnht_controller.app.describe import found_ports

    with errors(as_json=as_json):
        rows = found_ports()
    if as_json:
        emit({"ok": True, "ports": rows})
        return
    for row in rows:
        words = " ".join(str(row[key]) for key in ("usb", "manufacturer", "product", "serial"))
        say(f"{row['path']}: {words.strip() or 'no description'}")
        say(f"  write in the site: {row['stable'] or row['path']}")
    say(f"{len(rows)} serial ports; nothing was written to any of them")
