"""What is in a text, and how long it takes to read."""
