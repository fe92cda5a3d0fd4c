"""What the activities promise, each against the real counterpart."""
