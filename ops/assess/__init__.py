"""`python -m ops assess`: whether to move from a monolith at all, and how far, with figures."""
