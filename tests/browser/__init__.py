"""The inbox in a real browser: needs Chromium; run with -m browser."""
