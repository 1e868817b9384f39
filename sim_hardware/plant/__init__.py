# SPDX-License-Identifier: Apache-2.0
"""Physics of the simulated treatment: coil, particles, tissue, patient and probes."""
