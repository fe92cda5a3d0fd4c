"""The measurements of comity: side by side with what is plainest, in one run, told as ratios."""
