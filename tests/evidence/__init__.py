"""The evidence room: sealed once, read whole or not at all, and proven when it leaves."""
