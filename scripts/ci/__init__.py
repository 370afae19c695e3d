"""What the workflows in .github run beside the commands that people use: a comment, an issue, a look, a lock."""
