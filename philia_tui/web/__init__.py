"""The inbox in a browser: this machine only, behind a token that opens one session."""
