"""Named scenarios, measured: what Breakwater costs and how fast it is. JSON figures come with the machine's facts."""
