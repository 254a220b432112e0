"""Step 1, receive: webhooks verified, parsed, committed before they are answered."""
