"""The heart: pure functions of values. No I/O, no clock, no environment."""
