"""Where people and systems come in: the commands that need the service."""
