"""What the wire to Temporal promises."""
