"""Who may open what: the master key ring, and the keys of each request."""
