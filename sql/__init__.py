"""The program: SQL models in layers, read top to bottom. See README.md in this folder."""
