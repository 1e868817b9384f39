# SPDX-License-Identifier: Apache-2.0
"""Patients at two fidelities behind one interface, and what joins them."""
