# SPDX-License-Identifier: Apache-2.0
"""Wishes: one pure tick from readings and intents to a field demand."""
