"""The public address: the programs that give one, how each tells it, and who keeps them running."""
