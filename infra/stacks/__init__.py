"""One stack for the bus and one for each service. No stack imports another's export: each deploys alone."""
