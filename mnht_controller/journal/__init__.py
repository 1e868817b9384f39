# SPDX-License-Identifier: Apache-2.0
"""The record of exact bytes, hash-chained; the truth about a session."""
