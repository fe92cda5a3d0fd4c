"""The promises of comity/law."""
