"""What is promised of people and their roles."""
