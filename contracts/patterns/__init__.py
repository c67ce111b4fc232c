"""EventBridge event patterns, held against the schemas of what is on the bus."""
