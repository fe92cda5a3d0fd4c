"""What the workflows promise, on a real server."""
