"""The run that reports of tests are about."""

from confsync.report.run import Run

RUN = Run("1.2.3", "2026-11-27T23:36:30Z")
