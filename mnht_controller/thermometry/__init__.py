# SPDX-License-Identifier: Apache-2.0
"""What a reading is worth: validation, rate, thermal dose. Pure."""
