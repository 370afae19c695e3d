"""What no stack of this project may contain: rules over a resource's type and inputs, and nothing else."""
