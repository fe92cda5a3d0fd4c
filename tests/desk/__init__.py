"""Tests of the desk: what people are told."""
