# SPDX-License-Identifier: Apache-2.0
"""How a field becomes heat: particles, eddy currents, deposits."""
