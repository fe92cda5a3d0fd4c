"""The register: the queryable record of all requests, the fold of what the ledger holds."""
