"""The outside: TikTok's message API, both dialects, byte for byte."""
