"""``ostiary …`` for operators: a thin skin over actions, the same under ``flask ostiary``."""
