"""Step four of a message's way: what was decided leaves, once, and what is in doubt is looked up."""
