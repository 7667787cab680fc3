"""The pages of docs/reference that `docs/generate.py` writes: one module a page, each a function from the code to text."""
