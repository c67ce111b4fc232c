"""What a stage carries: its topology, played on a virtual clock with measured handlers and published latencies."""
