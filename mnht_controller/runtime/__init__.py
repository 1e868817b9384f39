# SPDX-License-Identifier: Apache-2.0
"""The imperative shell: clocks, pollers, the loop. Moves bytes, decides nothing."""
