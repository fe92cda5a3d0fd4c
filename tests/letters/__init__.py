"""Tests of the letters that we write: their table, their texts, and what they may know."""
