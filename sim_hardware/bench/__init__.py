# SPDX-License-Identifier: Apache-2.0
"""Composition: closes the loop between the product and its simulated hardware."""
