# SPDX-License-Identifier: Apache-2.0
"""Serial ports by names that stay; listing opens and writes nothing."""

from types import SimpleNamespace

import pytest

from mnht_controller.devices.ports import RENUMBERED, list_ports, stable_name


def info(device, **fields):
    empty = dict.fromkeys(("vid", "pid", "manufacturer", "product", "serial_number"))
    return SimpleNamespace(device=str(device), **(empty | fields))


@pytest.fixture
def folders(tmp_path):
    """Two ports; one with a name of its own, both with the name of their socket."""
    for name in ("ttyUSB0", "ttyUSB1"):
        (tmp_path / name).touch()
    by_id, by_path = tmp_path / "by-id", tmp_path / "by-path"
    for folder in (by_id, by_path):
        folder.mkdir()
    (by_id / "usb-ACME_4711-if00").symlink_to(tmp_path / "ttyUSB0")
    (by_path / "pci-1").symlink_to(tmp_path / "ttyUSB0")
    (by_path / "pci-2").symlink_to(tmp_path / "ttyUSB1")
    return tmp_path, (by_id, by_path)


def test_the_instruments_name_comes_before_the_sockets(folders):
    place, dirs = folders
    rows = [
        info(place / "ttyUSB1"),
        info(place / "ttyUSB0", vid=0x0403, pid=0x6001, manufacturer="ACME", serial_number="4711"),
    ]
    first, second = list_ports(lambda: rows, dirs)
    assert (first.path, first.stable) == (
        str(place / "ttyUSB0"),
        str(dirs[0] / "usb-ACME_4711-if00"),
    )
    assert (first.usb, first.manufacturer, first.serial) == ("0403:6001", "ACME", "4711")
    assert (second.stable, second.usb) == (str(dirs[1] / "pci-2"), None)


def test_a_port_without_a_name_of_its_own(folders, tmp_path):
    place, dirs = folders
    assert stable_name(str(place / "ttyUSB0"), dirs) == str(dirs[0] / "usb-ACME_4711-if00")
    assert stable_name("/dev/ttyS0", dirs) is None
    assert list_ports(lambda: [info("/dev/ttyS0")], (tmp_path / "none",))[0].stable is None


@pytest.mark.parametrize("path", ["/dev/ttyUSB0", "/dev/ttyACM12"])
def test_names_that_are_renumbered(path):
    assert RENUMBERED.fullmatch(path)


@pytest.mark.parametrize(
    "path", ["/dev/ttyS0", "/dev/serial/by-id/x", "/dev/ttyAMA0", "/dev/pts/3"]
)
def test_names_that_stay(path):
    assert not RENUMBERED.fullmatch(path)
