"""What is pure about the measurements: their table is kept row by row."""
