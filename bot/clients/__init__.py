"""Clients of a server: artists, labels and brands that its people work for; who of them takes part, and how."""
