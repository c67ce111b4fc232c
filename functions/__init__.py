"""The business: one package a service. Siblings know each other only through events."""
