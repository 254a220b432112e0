"""The version, where saying it costs no look at the package's metadata; a test compares it with pyproject.toml."""

VERSION = "0.1.0"
