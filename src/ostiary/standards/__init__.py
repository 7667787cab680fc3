"""Standards: what a specification says, as pure functions and values; no input or output, no clock, no chance."""
