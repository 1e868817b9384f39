# SPDX-License-Identifier: Apache-2.0
"""What a site says about its instruments: options of drivers, serial numbers, names of ports."""

import shutil
from pathlib import Path

import pytest

from drivers.advantech_adam4050 import AdamOptions
from mnht_controller.app.build import plan_for
from mnht_controller.settings.errors import ConfigErrors
from mnht_controller.settings.load import load_site
from mnht_controller.settings.options import setup_of

CONFIG = Path(__file__).parents[3] / "config"
OPSENS, ADAM = "thermometers/opsens_handysens.toml", "auxiliaries/advantech_adam4050.toml"
AMBRELL, GENERATOR = "sites/bench_ambrell.toml", "sites/bench_generator.toml"
REAL = "sites/example_real.toml"


@pytest.fixture
def config(tmp_path):
    return Path(shutil.copytree(CONFIG, tmp_path / "config"))


def spoiled(config, name, old, new):
    text = (config / name).read_text(encoding="utf-8")
    assert old in text
    (config / name).write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "old", "new", "site", "key", "why", "right"),
    [
        (OPSENS, 'profile = "handysens"', 'profil = "picom"',
         "sites/bench.toml", "options.profil", "Unexpected keyword", "profile"),
        (OPSENS, 'profile = "handysens"', 'profile = "tempsens"',
         "sites/bench.toml", "options", "profile is one of", "profile"),
        (ADAM, "address = 1", 'address = "one"', AMBRELL, "options.address", "valid integer",
         "address"),
        (ADAM, '"e_stop"', '"stop_button"', AMBRELL, "options", "stop_button", "inputs"),
        (AMBRELL, "options = { idle", "options = { idel", AMBRELL,
         "devices[0].options.idel_frequency_hz", "Unexpected keyword", "idle_frequency_hz"),
        (AMBRELL, 'id = "io"', 'id = "io"\nserial = "4711"', AMBRELL, None, None, None),
        (AMBRELL, 'id = "source"', 'id = "source"\nserial = "4711"', AMBRELL,
         "devices[0].serial", "carries no serial number", "by-id"),
        (GENERATOR, 'kind = "pickup"', 'kind = "chiller"', GENERATOR, "devices[0]",
         "does not measure the field", "pickup"),
        (REAL, '/dev/serial/by-id/usb-YOUR-THERMOMETER-if00-port0', "/dev/ttyUSB0", REAL,
         "devices[1].resource", "next reboot", "by-id"),
        (AMBRELL, '[enable_line]\nresource = "auto"\nfront = "pty"',
         '[enable_line]\nresource = "auto"\nfront = "rfc2217"', AMBRELL, "enable_line.front",
         "RFC 2217", "pty"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(config, name, old, new, site, key, why, right):
    spoiled(config, name, old, new)
    if key is None:
        load_site(config / site)  # a serial number that the instrument can be asked for
        return
    with pytest.raises(ConfigErrors) as caught:
        load_site(config / site)
    assert [e for e in caught.value.errors if e.key == key and why in e.why and right in e.right], (
        str(caught.value)
    )


def test_a_sites_options_come_over_its_profiles(config):
    spoiled(config, AMBRELL, "{ line_input = 6 }", "{ address = 7 }")
    settings = load_site(config / AMBRELL)
    options = setup_of(settings.device("io")).options
    assert isinstance(options, AdamOptions)
    assert (options.address, options.inputs) == (7, {"0": "e_stop", "1": "door"})


def test_options_and_no_address_decide_the_digest(config):
    before = load_site(config / AMBRELL).settings_sha256
    spoiled(config, AMBRELL, 'id = "io"', 'id = "io"\nserial = "A2.3"')
    assert load_site(config / AMBRELL).settings_sha256 == before
    spoiled(config, ADAM, '"e_stop"', '"patient_stop"')
    assert load_site(config / AMBRELL).settings_sha256 != before


@pytest.mark.parametrize("site", sorted(path.name for path in (CONFIG / "sites").glob("*.toml")))
def test_every_shipped_site_is_sound(site):
    settings = load_site(CONFIG / "sites" / site)
    assert plan_for(settings).envelope.source.device == "source"


def test_what_a_source_has_not_is_in_the_plan():
    """H24, H21: rules ask for no watchdog and no register that is not there."""
    ambrell = plan_for(load_site(CONFIG / AMBRELL)).envelope.source
    generic = plan_for(load_site(CONFIG / "sites/bench.toml")).envelope.source
    assert (ambrell.watchdog_s, ambrell.has_limit) == (0.0, False)
    assert (generic.watchdog_s > 0.0, generic.has_limit) == (True, True)
