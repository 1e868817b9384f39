# SPDX-License-Identifier: Apache-2.0
"""The coil around the patient: field map, tank, cooling, current."""
