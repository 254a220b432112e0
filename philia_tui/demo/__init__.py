"""The demo: a sample shop, a TikTok of our own, a dozen customers. No key, no account, nothing leaves this machine."""
