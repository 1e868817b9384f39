# SPDX-License-Identifier: Apache-2.0
"""Wire twins: instruments as pure cores of bytes and time. Fronts in sim_hardware.wire."""
