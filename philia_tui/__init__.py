"""What the owner sees and types."""

import os

# Textual draws at most this often a second and reads it when it is imported: a key waits 8 ms for its frame, not 17.
os.environ.setdefault("TEXTUAL_FPS", "120")
