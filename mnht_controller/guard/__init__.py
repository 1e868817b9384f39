# SPDX-License-Identifier: Apache-2.0
"""The second process: the same rules on raw readings, holding the enable line."""
