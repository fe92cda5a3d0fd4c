"""The ledger: the append-only, tamper-evident record of all deeds (RFC 6962)."""
