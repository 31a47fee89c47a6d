"""The version, in one place."""

__version__ = "0.1.0"

# What the licence of EGMS asks of whoever publishes results made from it.
ATTRIBUTION = "Generated using European Union's Copernicus Land Monitoring Service information"
