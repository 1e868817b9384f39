# SPDX-License-Identifier: Apache-2.0
"""The profiles we ship: sound, and they say what the protocol of the reference plant says."""

from dataclasses import fields
from pathlib import Path

import pytest

from mnht_controller.domain.codec import digest, dumps, loads
from mnht_controller.domain.limits import HARD_LIMITS, Limits, Region
from mnht_controller.domain.prescription import Plan
from mnht_controller.domain.probe import Role
from mnht_controller.settings.load import load_site
from mnht_controller.settings.models import Bounds
from mnht_controller.settings.plan import plan, specs_of
from mnht_controller.settings.settings import Settings
from mnht_controller.settings.source import read

CONFIG = Path(__file__).parents[3] / "config"
BENCH = CONFIG / "sites" / "bench.toml"


def test_the_bench_is_simulated_and_its_bounds_are_the_tightest_of_all() -> None:
    settings = load_site(BENCH)
    assert settings.simulated
    assert settings.prescription.region is Region.NECK
    assert settings.limits == Limits(43.0, 43.5, 44.0, 60.0, 45.0, 40.0, 7.5, 4800.0)
    assert (settings.prescription.setpoint_c, settings.prescription.plateau_s) == (43.0, 1800.0)
    assert settings.prescription.tumor_setpoint_c is None
    assert {device.front for device in settings.devices} == {"tcp", "pty"}
    assert [(probe.channel, probe.role) for probe in settings.probes] == [
        (1, Role.SKIN),
        (2, Role.TUMOR),
        (3, Role.HEALTHY),
    ]


def test_the_default_limits_are_the_compiled_ones() -> None:
    data = read(CONFIG / "limits" / "default.toml").data
    names = [field.name for field in fields(Limits)]
    assert {name: data[name] for name in names} == {
        name: getattr(HARD_LIMITS, name) for name in names
    }
    assert [*Bounds.model_fields] == names


def test_the_example_of_a_real_site_is_sound_and_real() -> None:
    settings = load_site(CONFIG / "sites" / "example_real.toml")
    assert not settings.simulated
    assert settings.patient is None
    assert all(device.front == "" for device in settings.devices)


def test_settings_survive_the_codec() -> None:
    settings = load_site(BENCH)
    assert loads(Settings, dumps(settings)) == settings


def test_the_digest_covers_content_and_neither_address_path_nor_patient(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load_site(BENCH)
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("MNHT_CONSOLE__PORT", "0")
    endpoints = {"source": "TCPIP::127.0.0.1::5025::SOCKET", "enable_line": "/dev/pts/99"}
    second = load_site(BENCH, endpoints=endpoints, speed=20.0)
    assert second.device("source").resource == endpoints["source"]
    assert second.enable_line.resource == endpoints["enable_line"]
    assert second.console.port == 0
    assert second.paths.state_dir == str(tmp_path / "bench")
    assert second.settings_sha256 == first.settings_sha256


def test_the_plan_takes_the_drivers_numbers_and_is_bound_by_its_hash() -> None:
    settings = load_site(BENCH, speed=4.0)
    specs = specs_of(settings)
    made = plan(settings, specs)
    source = specs["generic_scpi_source"]
    assert made.envelope.source.watchdog_s == source.watchdog_s
    assert made.envelope.source.resolution_ka_per_m == source.resolution
    skin = made.envelope.probes[0]
    assert skin.noise_c == 0.03, "the profile's number before the driver's"
    assert skin.resolution_c == specs["opsens_handysens"].resolution
    assert made.envelope.speed == 4.0
    assert made.envelope.limits == settings.limits
    assert made.envelope_sha256 == digest(made.envelope)
    assert loads(Plan, dumps(made)) == made
    assert digest(loads(Plan, dumps(made))) == digest(made), "every float is a real float"
