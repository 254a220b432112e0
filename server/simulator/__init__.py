"""A TikTok of our own over real HTTP, for the demo, for training and for tests."""
