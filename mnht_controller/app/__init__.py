# SPDX-License-Identifier: Apache-2.0
"""The composition root: puts a site's processes together. Nothing is decided here."""
