"""The commands of clients."""
