"""The console's pages, one module a view: each gathers what its page shows, and answers."""
