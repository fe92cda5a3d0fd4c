"""How a request proceeds: durable workflows, deterministic, that do no I/O."""
