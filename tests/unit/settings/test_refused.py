# SPDX-License-Identifier: Apache-2.0
"""Bad input, one shipped profile spoiled at a time: the error names file, line, key, why, right."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mnht_controller.domain.errors import ConfigError
from mnht_controller.settings.errors import ConfigErrors
from mnht_controller.settings.load import load_site

CONFIG = Path(__file__).parents[3] / "config"
BENCH, REAL = "sites/bench.toml", "sites/example_real.toml"
IMAI, DEFAULT = "protocols/imai_mcl.toml", "limits/default.toml"
OPSENS, SCPI = "thermometers/opsens_handysens.toml", "amplifiers/generic_scpi.toml"

Refused = Callable[..., tuple[ConfigError, ...]]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CONFIG, tmp_path / "config"))


@pytest.fixture
def refused(config: Path) -> Refused:
    """Spoil one place of one profile, then load a site that must be refused."""

    def spoil(
        name: str, old: str, new: str, site: str = BENCH, **options: Any
    ) -> tuple[ConfigError, ...]:
        text = (config / name).read_text(encoding="utf-8")
        assert old in text
        (config / name).write_text(text.replace(old, new, 1), encoding="utf-8")
        with pytest.raises(ConfigErrors) as caught:
            load_site(config / site, **options)
        for error in caught.value.errors:
            assert all((error.file, error.key, error.why, error.right))
            assert str(error) in str(caught.value)
        return caught.value.errors

    return spoil


CASES = (
    # name, old, new → file, line of, key, why, right
    (BENCH, "simulated = true", "simulatd = true", BENCH, "simulatd", "unknown key", "`simulated`"),
    (BENCH, "[console]", "[consol]", BENCH, "consol", "unknown key", "`console`"),
    (BENCH, "channel = 2", "chanel = 2", BENCH, "probes[1].chanel", "unknown key", "`channel`"),
    (IMAI, "setpoint_c = 43.0", "setpoint_f = 109.4", IMAI, "setpoint_f", "°C is the unit",
     "`setpoint_c = 43.0`"),
    (IMAI, "plateau_s = 1800.0", "plateau_min = 30", IMAI, "plateau_min", "s is the unit",
     "`plateau_s = 1800.0`"),
    (DEFAULT, "field_ka_per_m_cap = 18.0", "field_a_per_m_cap = 7500.0", DEFAULT,
     "field_a_per_m_cap", "kA/m is the unit", "`field_ka_per_m_cap = 7.5`"),
    (BENCH, "deposit_depth_mm = 3.0", "deposit_depth_cm = 0.3", BENCH,
     "probes[0].deposit_depth_cm", "mm is the unit", "`deposit_depth_mm = 3.0`"),
    (IMAI, "setpoint_c = 43.0", "setpoint_c = 109.4", IMAI, "setpoint_c", "109.4 is not possible",
     "109.4 °F is 43 °C"),
    (IMAI, "setpoint_c = 43.0", "setpoint_c = 316.15", IMAI, "setpoint_c", "not possible",
     "316.15 K is 43 °C"),
    (IMAI, "plateau_s = 1800.0", "plateau_s = 30.0", IMAI, "plateau_s", "not possible",
     "30.0 min is 1800 s"),
    (DEFAULT, "field_ka_per_m_cap = 18.0", "field_ka_per_m_cap = 7500.0", DEFAULT,
     "field_ka_per_m_cap", "not possible", "7500.0 A/m is 7.5 kA/m"),
    (IMAI, "setpoint_c = 43.0", "setpoint_c = nan", IMAI, "setpoint_c", "nan is not possible",
     "20 to 90 °C"),
    (IMAI, "setpoint_c = 43.0", 'setpoint_c = "43"', IMAI, "setpoint_c", "'43' is not a number",
     "give a number"),
    (BENCH, "required = true", "required = 1", BENCH, "probes[0].required", "not true or false",
     "give true or false"),
    (BENCH, 'role = "skin"\n', "", BENCH, "probes[0].role", "missing", "add `role"),
    (BENCH, 'role = "skin"', 'role = "bone"', BENCH, "probes[0].role", "'bone' is not known",
     "'skin', 'tumor' or 'healthy'"),
    (BENCH, 'kind = "field_source"', 'kind = "amp"', BENCH, "devices[0].kind", "not known",
     "'field_source'"),
    (BENCH, 'id = "skin"', 'id = "Skin probe"', BENCH, "probes[0].id", "does not fit", "pattern"),
    (BENCH, "schema = 1", "schema = 2", BENCH, "schema", "2 is not possible", "1 to 1"),
    (BENCH, "default.toml", "defaults.toml", BENCH, "limits", "no such file",
     "one of default.toml"),
    (BENCH, "neck_node", "nobody", BENCH, "patient", "no such file", "neck_node.toml"),
    (BENCH, "../thermometers/opsens", "../thermometers/x", BENCH, "devices[1].profile",
     "no such file", "opsens_handysens.toml"),
    (BENCH, "[enable_line]", "[enable_line", BENCH, "file", "not TOML", "correct this line"),
    (OPSENS, "channels = 4", "channels = ", OPSENS, "file", "not TOML", "correct this line"),
    (DEFAULT, "skin_c_trip = 44.0", "skin_c_trip = 44.5", DEFAULT, "skin_c_trip",
     "44.5 is wider than the hard limit", "at most 44"),
    (DEFAULT, "field_s_max = 6000.0", "field_s_max = 6001.0", DEFAULT, "field_s_max",
     "wider than the hard limit", "at most 6000"),
    (IMAI, "tumor_c_cap = 60.0", "tumor_c_cap = 60.5", IMAI, "caps.tumor_c_cap",
     "wider than the hard limit", "at most 60"),
    (IMAI, "tumor_c_cap = 60.0", "field_ka_per_m_cap = 8.0", IMAI, "caps.field_ka_per_m_cap",
     "wider than the cap of the neck", "at most 7.5"),
    (DEFAULT, "skin_c_trip = 44.0", "skin_c_trip = 43.4", DEFAULT, "skin_c_cap", "no room",
     "set-point < cap < trip"),
    (IMAI, "setpoint_c = 43.0", "setpoint_c = 43.2", IMAI, "setpoint_c", "43.2 °C is too close",
     "at most 43"),
    (IMAI, "skin_c_cap = 43.5", "skin_c_cap = 43.2", IMAI, "setpoint_c", "43 °C is too close",
     "at most 42.7"),
    (IMAI, "setpoint_c = 43.0", "setpoint_c = 43.0\ntumor_setpoint_c = 59.9", IMAI,
     "tumor_setpoint_c", "limits of tumor", "at most 59.5"),
    (IMAI, 'control_role = "skin"', 'control_role = "healthy"\ntumor_setpoint_c = 60.0', IMAI,
     "tumor_setpoint_c", "limits of tumor", "at most 59.5"),
    (IMAI, "plateau_s = 1800.0", "plateau_s = 6060.0", IMAI, "plateau_s", "together are 8460 s",
     "at most 4800 s"),
    (IMAI, "ramp_s_max = 2400.0", "ramp_s_max = 3000.5", IMAI, "plateau_s",
     "together are 4800.5 s", "at most 4800 s"),
    (SCPI, 'driver = "generic_scpi_source"', 'driver = "generic_scpi"', SCPI, "driver",
     "driver 'generic_scpi' is not installed", "generic_scpi_source"),
    (BENCH, "channel = 2", "channel = 5", BENCH, "probes[1].channel", "has no channel 5",
     "1 to 4"),
    (BENCH, "channel = 2", "channel = 1", BENCH, "probes[1].channel", "already carries 'skin'",
     "channel of its own"),
    (BENCH, 'id = "tumor"', 'id = "skin"', BENCH, "probes[1].id", "'skin' is taken", "id of its"),
    (BENCH, 'device = "thermometer"', 'device = "source"', BENCH, "probes[0].device",
     "no thermometer", "one of thermometer"),
    (BENCH, "channel = 2\n", "channel = 2\ndeposit_depth_mm = 3.0\n", BENCH,
     "probes[1].deposit_depth_mm", "means nothing", "skin probes only"),
    (BENCH, 'role = "healthy"\nrequired = true', 'role = "healthy"\nrequired = false', BENCH,
     "probes", "no required probe of role healthy", 'role = "healthy"'),
    (BENCH, 'role = "skin"', 'role = "tumor"\n#', BENCH, "probes", "of role skin", "required"),
    (BENCH, 'id = "source"', 'id = "thermometer"', BENCH, "devices[1].id", "is taken", "id of"),
    (BENCH, 'id = "source"', 'id = "enable_line"', BENCH, "devices[0].id", "is taken", "id of"),
    (BENCH, "stop_port = 8766", "stop_port = 8765", BENCH, "console.stop_port",
     "already the console's port", "port of its own"),
    (BENCH, 'host = "127.0.0.1"', 'host = "0.0.0.0"', BENCH, "console.host", "other hosts",
     '"127.0.0.1"'),
    (BENCH, 'front = "tcp"\n', "", BENCH, "devices[0]", "simulated and real mixed", "front ="),
    (BENCH, "simulated = true", "simulated = false", BENCH, "devices[0].front",
     "simulated and real mixed", "remove `front`"),
    (BENCH, 'resource = "auto"\nfront = "tcp"', 'resource = "COM3"\nfront = "tcp"', BENCH,
     "devices[0].resource", "'COM3' is no address", "ASRL"),
)  # fmt: skip


@pytest.mark.shows("units_in_names")
@pytest.mark.parametrize(("name", "old", "new", "file", "key", "why", "right"), CASES)
def test_a_spoiled_profile_is_refused(
    refused: Refused,
    config: Path,
    name: str,
    old: str,
    new: str,
    file: str,
    key: str,
    why: str,
    right: str,
) -> None:
    found = [error for error in refused(name, old, new) if error.key == key]
    assert found, f"no error about {key}"
    assert found[0].file.startswith(str(config / file).replace("/sites/..", ""))
    assert why in found[0].why
    assert right in found[0].right


REAL_CASES = (
    ('resource = "/dev/serial/by-id/usb-YOUR-THERMOMETER-if00-port0"\n', "",
     "devices[1].resource", '"auto" is no address', "ASRL"),
    ('resource = "/dev/serial/by-id/usb-YOUR-ENABLE-LINE-if00-port0"', 'resource = "auto"',
     "enable_line.resource", '"auto" is no address', "tcp://host:port"),
    ("/dev/serial/by-id/usb-YOUR-THERMOMETER-if00-port0",
     "/dev/serial/by-id/usb-YOUR-AMPLIFIER-if00-port0",
     "devices[1].resource", "already the port of 'source'", "port of its own"),
    ("/dev/serial/by-id/usb-YOUR-ENABLE-LINE-if00-port0",
     "ASRL/dev/serial/by-id/usb-YOUR-THERMOMETER-if00-port0",
     "enable_line.resource", "already the port of 'thermometer'", "port of its own"),
    ("baud = 57600", 'front = "pty"', "devices[1].front", "simulated and real mixed", "remove"),
    ('protocol = "../', 'patient = "../patients/neck_node.toml"\nprotocol = "../', "patient",
     "real site", "remove"),
    ('thermometer_waiver = "NAME, DATE: phantom only, no patient"', "",
     "guard.thermometer_waiver", "thermometer of the guard's own", "who, when, why"),
    ('thermometer_waiver = "NAME, DATE: phantom only, no patient"',
     'thermometer = {resource = "/dev/serial/by-id/usb-YOUR-AMPLIFIER-if00-port0"}',
     "guard.thermometer.resource", "already the port of 'source'", "port of its own"),
    ('thermometer_waiver = "NAME, DATE: phantom only, no patient"',
     'thermometer = {resource = "tcp://luxtron:4001"}',
     "guard.thermometer.resource", "no address known here", "/dev/"),
    ('thermometer_waiver = "NAME, DATE: phantom only, no patient"',
     'thermometer = {resource = "/dev/serial/by-id/usb-L-if00", baud = 4800}',
     "guard.thermometer.baud", "do not run at 4800", "9600"),
    ('thermometer_waiver = "NAME, DATE: phantom only, no patient"',
     'thermometer = {resource = "/dev/ttyUSB0"}',
     "guard.thermometer.resource", "after the next reboot", "/dev/serial/by-id"),
    ('thermometer_waiver = "NAME',
     'thermometer = {resource = "/dev/serial/by-id/usb-L-if00"}\nthermometer_waiver = "NAME',
     "guard.thermometer_waiver", "both given and waived", "remove one"),
)  # fmt: skip


@pytest.mark.shows("never_mixed")
@pytest.mark.parametrize(("old", "new", "key", "why", "right"), REAL_CASES)
def test_h50_a_spoiled_real_site_is_refused(
    refused: Refused, old: str, new: str, key: str, why: str, right: str
) -> None:
    errors = refused(REAL, old, new, REAL)
    assert [error.key for error in errors] == [key]
    assert why in errors[0].why
    assert right in errors[0].right


def test_one_port_under_two_names_is_one_port(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "port").touch()
    (tmp_path / "by-id").symlink_to("port")
    endpoints = {"source": f"ASRL{tmp_path}/port::INSTR", "thermometer": f"{tmp_path}/by-id"}
    errors = refused(BENCH, "schema = 1", "schema = 1", endpoints=endpoints)
    assert [error.key for error in errors] == ["devices[1].resource"]
    assert "already the port of 'source'" in errors[0].why


@pytest.mark.parametrize(
    ("id_", "key", "name"),
    [
        ("enable_line", "enable_line.resource", "tcp://LOCALHOST:5025"),
        ("thermometer", "devices[1].resource", "rfc2217://localhost:05025"),
        ("thermometer", "devices[1].resource", "TCPIP::localhost::5025::SOCKET"),
    ],
)
def test_one_socket_under_two_names_is_one_port(
    refused: Refused, id_: str, key: str, name: str
) -> None:
    endpoints = {"source": "TCPIP0::localhost::5025::SOCKET", id_: name}
    errors = refused(BENCH, "schema = 1", "schema = 1", endpoints=endpoints)
    assert [error.key for error in errors] == [key]


def test_endpoints_go_to_devices_that_exist_and_are_simulated(refused: Refused) -> None:
    errors = refused(BENCH, "schema = 1", "schema = 1", endpoints={"sauce": "/dev/pts/1"})
    assert "'sauce'" in errors[0].why
    assert "source" in errors[0].right
    errors = refused(REAL, "schema = 1", "schema = 1", REAL, endpoints={"source": "/dev/pts/1"})
    assert [error.key for error in errors] == ["simulated"]


@pytest.mark.parametrize("speed", [0.5, 21.0, float("nan")])
def test_a_speed_out_of_range_is_refused(refused: Refused, speed: float) -> None:
    errors = refused(BENCH, "schema = 1", "schema = 1", speed=speed)
    assert [error.key for error in errors] == ["--speed"]


def test_h50_speed_is_refused_with_real_devices(refused: Refused) -> None:
    errors = refused(REAL, "schema = 1", "schema = 1", REAL, speed=2.0)
    assert [error.key for error in errors] == ["--speed"]
    assert "real devices" in errors[0].why


@pytest.mark.parametrize("option", ["protocol", "patient"])
def test_a_missing_file_on_the_command_line_is_named(
    refused: Refused, tmp_path: Path, option: str
) -> None:
    errors = refused(BENCH, "schema = 1", "schema = 1", **{option: tmp_path / "none.toml"})
    assert [error.key for error in errors] == [f"--{option}"]
    assert "no such file" in errors[0].why


def test_a_missing_site_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigErrors, match="no such file"):
        load_site(tmp_path / "none.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigErrors, match="cannot be read"):
        load_site(tmp_path / "binary.toml")


def test_every_error_of_every_file_is_reported_at_once(refused: Refused, config: Path) -> None:
    imai = config / IMAI
    imai.write_text(imai.read_text().replace("setpoint_c = 43.0", "setpoint_k = 316.15"))
    (config / OPSENS).write_text("channels = true\n")
    errors = refused(BENCH, "role =", "rule =")
    keys = {error.key for error in errors}
    assert keys >= {"probes[0].rule", "probes[0].role", "setpoint_k", "setpoint_c", "channels"}


def test_the_line_is_named(refused: Refused, config: Path) -> None:
    errors = refused(BENCH, "channel = 2", "chanel = 2")
    lines = (config / BENCH).read_text().splitlines()
    unknown = next(error for error in errors if error.key == "probes[1].chanel")
    assert unknown.file == f"{config / BENCH}:{lines.index('chanel = 2') + 1}"
    missing = next(error for error in errors if error.key == "probes[1].channel")
    second = [number for number, line in enumerate(lines, 1) if line == "[[probes]]"][1]
    assert missing.file == f"{config / BENCH}:{second}"


@pytest.mark.shows("no_override")
@pytest.mark.parametrize(
    ("variable", "value", "why"),
    [
        ("MNHT_CONSOLE__PORT", "high", "'high' is not a whole number"),
        ("MNHT_CONSOLE__PROT", "1", "unknown key"),
        ("MNHT_LIMITS__SKIN_C_CAP", "60", "cannot be overridden"),
    ],
)
def test_h38_the_environment_overrides_no_limit_and_no_typing_error(
    refused: Refused, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, why: str
) -> None:
    monkeypatch.setenv(variable, value)
    errors = refused(BENCH, "schema = 1", "schema = 1")
    assert [(error.file, error.key) for error in errors] == [("environment", variable)]
    assert why in errors[0].why


def test_the_environment_cannot_open_the_console_to_other_hosts(
    refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNHT_CONSOLE__HOST", "0.0.0.0")
    errors = refused(BENCH, "schema = 1", "schema = 1")
    assert "other hosts" in errors[0].why
