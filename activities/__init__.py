"""What comity does to the world: one file for each keeper or counterpart."""
