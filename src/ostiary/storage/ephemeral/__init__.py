"""Short-lived state: pending sign-ins, replay windows, counters. What may be lost is here; what must not be lost is a table."""
