"""What the register promises: it says of every request what the request's events make of it."""
