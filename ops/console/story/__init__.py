"""A story as a drawing: its tree flattened into rows, and its moments on one axis."""
