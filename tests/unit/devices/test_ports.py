# SPDX-License-Identifier: Apache-2.0
"""Names of serial ports that stay when the kernel renumbers (H50)."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from mnht_controller.devices.ports import (
    RENUMBERED,
    STABLE_DIRS,
    SerialPort,
    list_ports,
    stable_name,
)

BY_ID = "usb-FTDI_FT232R_SIM0001-if00-port0"


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Two adapters; only the first has a serial number of its own, and so a by-id name."""
    by_id, by_path = tmp_path / "by-id", tmp_path / "by-path"
    for folder in (by_id, by_path):
        folder.mkdir()
    for name in ("ttyUSB0", "ttyUSB1", "ttyS0"):
        (tmp_path / name).touch()
    (by_id / BY_ID).symlink_to(tmp_path / "ttyUSB0")
    (by_path / "pci-0000:00:14.0-usb-0:1:1.0").symlink_to(tmp_path / "ttyUSB0")
    (by_path / "pci-0000:00:14.0-usb-0:2:1.0").symlink_to(tmp_path / "ttyUSB1")
    return by_id, by_path


def row(path: Path, **known: object) -> SimpleNamespace:
    """One row as pyserial gives it."""
    nothing = dict.fromkeys(("vid", "pid", "manufacturer", "product", "serial_number"))
    return SimpleNamespace(**{"device": str(path), **nothing, **known})


def test_every_port_with_its_names(tmp_path: Path, folders: tuple[Path, Path]) -> None:
    rows = [
        row(tmp_path / "ttyUSB1", vid=0x67B, pid=0x2303),
        row(tmp_path / "ttyUSB0", vid=0x403, pid=0x6001, manufacturer="FTDI",
            product="FT232R", serial_number="SIM0001"),
        row(tmp_path / "ttyS0"),
    ]  # fmt: skip
    by_id, by_path = folders
    assert list_ports(lambda: rows, folders) == (
        SerialPort(f"{tmp_path}/ttyS0"),
        SerialPort(
            f"{tmp_path}/ttyUSB0", f"{by_id}/{BY_ID}", "0403:6001", "FTDI", "FT232R", "SIM0001"
        ),
        SerialPort(f"{tmp_path}/ttyUSB1", f"{by_path}/pci-0000:00:14.0-usb-0:2:1.0", "067b:2303"),
    )


def test_the_instrument_names_before_the_socket(tmp_path: Path, folders: tuple[Path, Path]) -> None:
    by_id, by_path = folders
    assert stable_name(f"{tmp_path}/ttyUSB0", folders) == f"{by_id}/{BY_ID}"
    assert stable_name(f"{tmp_path}/ttyUSB0", (by_path,)) == (
        f"{by_path}/pci-0000:00:14.0-usb-0:1:1.0"
    )
    assert stable_name(f"{by_path}/pci-0000:00:14.0-usb-0:1:1.0", folders) == f"{by_id}/{BY_ID}"
    assert stable_name(f"{tmp_path}/ttyS0", folders) is None
    assert stable_name(f"{tmp_path}/ttyUSB7", folders) is None


def test_a_system_without_udev_has_no_stable_names(tmp_path: Path) -> None:
    assert stable_name("/dev/ttyUSB0", (tmp_path / "none",)) is None
    assert list_ports(list, (tmp_path / "none",)) == ()


def test_nothing_is_opened(
    tmp_path: Path, folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opening a port moves DTR, which resets some instruments."""
    for name in ("os.open", "builtins.open", "io.open"):
        monkeypatch.setattr(name, lambda *_, **__: pytest.fail("a port was opened"))
    (port,) = list_ports(lambda: [row(tmp_path / "ttyUSB0")], folders)
    assert port.stable


@pytest.mark.parametrize(
    ("path", "moves"),
    [("/dev/ttyUSB0", True), ("/dev/ttyACM12", True), ("/dev/ttyS0", False),
     ("/dev/ttyUSB", False), (f"/dev/serial/by-id/{BY_ID}", False)],
)  # fmt: skip
def test_which_names_move(path: str, moves: bool) -> None:
    assert bool(RENUMBERED.fullmatch(path)) is moves


def test_this_host_can_be_listed() -> None:
    assert all(port.path.startswith("/dev/") for port in list_ports())
    assert [folder.name for folder in STABLE_DIRS] == ["by-id", "by-path"]
