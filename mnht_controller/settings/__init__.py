# SPDX-License-Identifier: Apache-2.0
"""Typed profiles: what a site, a plan and a device may say."""
