"""How much of the code the tests would miss: it is broken on purpose, place by place, and some test has to fail."""
