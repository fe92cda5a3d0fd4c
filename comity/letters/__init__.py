"""Letters as text: a table of their kinds, a template for each, and what a letter may know of its request."""
