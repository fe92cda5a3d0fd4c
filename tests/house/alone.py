"""The command line as on a machine that has the wheel `comity` and nothing of the service: run as a script."""

import sys

ABSENT = (
    "desk", "worker", "workflows", "activities", "temporal",
    "temporalio", "opentelemetry", "aiosmtplib", "google", "nexusrpc",
)  # fmt: skip
"""What the wheel does not ship, and what it does not ask for. None in sys.modules means: not to be found."""

if __name__ == "__main__":
    for name in ABSENT:
        sys.modules[name] = None  # type: ignore[assignment]
    from comity.cli import run

    sys.exit(run(sys.argv[1:]))
