"""Named scenarios: each prints its figures as JSON, with the machine's facts."""
