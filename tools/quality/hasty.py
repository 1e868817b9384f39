# SPDX-License-Identifier: Apache-2.0
"""A pytest plugin: Hypothesis without its memory, and without making a failure smaller."""

from hypothesis import Phase, settings


def pytest_configure() -> None:
    """Load the profile before any test module is imported."""
    settings.register_profile(
        "hasty",
        database=None,
        derandomize=True,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),
    )
    settings.load_profile("hasty")
