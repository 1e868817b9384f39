# SPDX-License-Identifier: Apache-2.0
"""Asks every device of a site who it is, all at once, and closes them again."""

import asyncio

from mnht_controller.app.controller import real_transport
from mnht_controller.devices.contract import DriverSpec
from mnht_controller.devices.errors import ConnectError, DeviceError
from mnht_controller.devices.identity import Expected
from mnht_controller.devices.link import Link
from mnht_controller.settings.addresses import ENABLE_LINE, GUARD_THERMOMETER
from mnht_controller.settings.options import setup_of
from mnht_controller.settings.plan import specs_of
from mnht_controller.settings.settings import Device, Settings
from mnht_controller.settings.site import AUTO


def identify_all(settings: Settings) -> list[dict[str, object]]:
    """One row a device: id, driver, resource, ok, identity, error, and what is only assumed."""
    require_addresses(settings)
    specs = specs_of(settings)

    async def ask_all() -> list[dict[str, object]]:
        rows = [_identify(device, specs[device.driver], settings) for device in settings.devices]
        return list(await asyncio.gather(*rows))

    return asyncio.run(ask_all())


def require_addresses(settings: Settings) -> None:
    """ConnectError while a bench's addresses are not known: nothing can be opened."""
    own = settings.guard_thermometer
    for id_, resource in (
        *((device.id, device.resource) for device in settings.devices),
        (ENABLE_LINE, settings.enable_line.resource),
        (GUARD_THERMOMETER, own.resource if own else ""),
    ):
        if resource == AUTO:
            raise ConnectError(
                f'{id_}: "{AUTO}" means that a bench gives the address, and none was given; run '
                "`mnht bench SITE.toml --json > FILE` and add `--endpoints FILE`, or `mnht demo`"
            )


async def _identify(device: Device, spec: DriverSpec, settings: Settings) -> dict[str, object]:
    expected = Expected(settings.simulated, device.serial)
    link = Link(real_transport(device, spec), expected=expected)
    driver = spec.make(link, setup_of(device))
    row: dict[str, object] = {
        "id": device.id,
        "kind": device.kind.value,
        "driver": device.driver,
        "resource": device.resource,
        "ok": False,
        "identity": "",
        "simulated": None,
        "dead_man": spec.dead_man.value,
        "error": "",
        "provenance": dict(spec.provenance),
    }
    try:
        found = await driver.open()
        row["identity"] = f"{found.maker} {found.model} {found.serial} {found.firmware}"
        row["simulated"] = found.is_simulated
        row["ok"] = True
    except DeviceError as error:
        row["error"] = str(error)
    finally:
        await driver.close()
    return row
