"""The vocabulary every layer shares: values and rules without I/O, framework or feature."""
