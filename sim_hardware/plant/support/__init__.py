# SPDX-License-Identifier: Apache-2.0
"""What the plant stands on: strict files, compiled code, a cache."""
