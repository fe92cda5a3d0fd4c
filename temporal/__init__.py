"""The wire to Temporal: client, payload codec, tracing, the embedded server."""
