"""Faults put into lakes on purpose, by number and seed: `make faults` and `make fuzz` run many, the tests a few."""
