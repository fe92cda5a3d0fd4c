"""The keys room: what opens what, what refuses to open, and what happens when keys are away."""
