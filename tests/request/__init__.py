"""The promises of comity/request."""
