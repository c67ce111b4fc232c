"""The contract: what every service, test and tool may import, and which imports none of them."""
