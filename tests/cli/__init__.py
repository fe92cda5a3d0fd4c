"""What is typed: exit codes, messages, and JSON for other programs, each from a process of its own."""
