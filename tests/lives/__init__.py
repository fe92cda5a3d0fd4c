"""Whole requests, told as stories: each step done by a person, the whole ledger verified after it."""
