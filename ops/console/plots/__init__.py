"""Time series as drawings: a scale, lines with their gaps, and a line that a promise draws."""
