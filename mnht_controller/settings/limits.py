# SPDX-License-Identifier: Apache-2.0
"""Merges every bound a site's files give over the compiled hard limits. Only ever tightens."""

from mnht_controller.domain.limits import HARD_LIMITS, Limits, region_cap_ka_per_m, tighten
from mnht_controller.settings.files import Files
from mnht_controller.settings.models import Amplifier, Bounds

BOUNDS = tuple(Bounds.model_fields)


def bounds_of(given: Bounds) -> dict[str, float | None]:
    """Give the bounds that a file states, by name; None where it is silent."""
    return {name: getattr(given, name) for name in BOUNDS}


def merged_limits(files: Files) -> Limits:
    """Hard limits, then institution, region, applicator, amplifier and protocol."""
    protocol = files.protocol.model
    limits = tighten(HARD_LIMITS, **bounds_of(files.limits.model))
    ceilings = [region_cap_ka_per_m(protocol.region), files.applicator.model.field_ka_per_m_max]
    ceilings += [
        device.model.field_ka_per_m_max
        for device in files.devices
        if isinstance(device.model, Amplifier)
    ]
    limits = tighten(limits, field_ka_per_m_cap=min(ceilings))
    return tighten(limits, **bounds_of(protocol.caps))
