# SPDX-License-Identifier: Apache-2.0
"""Simulated hardware: physics, wire twins, faults, and the bench that composes them."""
