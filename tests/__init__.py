"""The same rooms as the code, and what is promised of each."""
