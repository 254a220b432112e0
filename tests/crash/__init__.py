"""The server is killed with SIGKILL, at numbered places and at random, while the platform misbehaves."""
