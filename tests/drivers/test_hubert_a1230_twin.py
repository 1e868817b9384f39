# SPDX-License-Identifier: Apache-2.0
"""HUBERT A1230: what half a frame on its line does, with its twin."""

import pytest

from drivers.hubert_a1230 import SPEC, HubertA1230, HubertOptions
from mnht_controller.devices.link import Link
from sim_hardware.devices.auxiliaries.hubert import HubertTwin
from sim_hardware.wire.memory import MemoryTransport
from tests.support import run_virtual


@pytest.mark.parametrize("half", [b"\x04\x01\x04", b"\x04\x01", b"\x04\x01\x10", b"\x04\x01\x53"])
def test_a_question_never_completes_half_a_frame_to_a_command(half, monkeypatch):
    """A1230-01 page 19: half a frame is dropped after 500 ms; who wrote it may have been killed."""

    async def main():
        twin = HubertTwin()
        wire = MemoryTransport(twin, "twin", baud=SPEC.baud)
        commands, open_, obey = [], wire.open, twin._set

        async def opened():
            await open_()
            await wire.write(half)

        def noted(command, value):
            commands.append((command, value))
            return obey(command, value)

        monkeypatch.setattr(wire, "open", opened)
        monkeypatch.setattr(twin, "_set", noted)
        await HubertA1230(Link(wire), HubertOptions()).open()
        assert commands == [(4, 0)]  # the relay opens

    run_virtual(main())
