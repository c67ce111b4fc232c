"""What a stage costs: templates, measured handlers, assumptions and list prices, multiplied where all can see it."""
