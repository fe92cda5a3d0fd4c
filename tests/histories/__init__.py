"""Histories of whole requests as they were once recorded: the workflow code of today must live them again, alike."""
