"""What every service is built from. It imports nothing else of ours."""
