"""The REST endpoints, one module a family; `router` turns requests into calls of them."""
