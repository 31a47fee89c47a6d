"""Arithmetic that several functions share: numpy and numba, no Arrow, no DuckDB.

A function's fingerprint covers the kernels it imports.
"""
