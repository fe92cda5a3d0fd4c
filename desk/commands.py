"""The commands that need the service, one for each thing that a person or another program asks of it."""

import typer

from desk import (
    act_commands,
    custody_commands,
    evidence_commands,
    post_commands,
    reading_commands,
    retention_commands,
    service_commands,
)


def add_to(app: typer.Typer) -> None:
    """Add the service's commands to the command line."""
    for group in (service_commands, act_commands, reading_commands, post_commands, retention_commands):
        group.add_to(app)
    evidence_commands.add()
    custody_commands.add()
