# SPDX-License-Identifier: Apache-2.0
"""Where log lines go: standard error, because standard output carries documents and ready lines."""

import logging
import sys

import structlog


def log_to_stderr(level: int = logging.INFO) -> None:
    """One JSON object a line; readable text where a person watches a terminal."""
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer()
    if sys.stderr.isatty():
        renderer = structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="timestamp"),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
