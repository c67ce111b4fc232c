"""The building blocks, named by what they can do. Each asserts at synthesis what must hold of it."""
