"""The store: one database, opened twice in kind, with one schema."""
