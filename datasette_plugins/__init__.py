"""The web: a lake as a Datasette database, and the API. It reads `serving.duckdb` and never computes.

Installed as `egmsql.web`; Datasette finds `plugin` by its entry point, and it sleeps unless a lake is
configured.
"""
