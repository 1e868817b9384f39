# SPDX-License-Identifier: Apache-2.0
"""Alarms as IEC 60601-1-8 means them: a table, what is wrong now, a state machine. Pure."""
