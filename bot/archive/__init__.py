"""Archives of an owner's whole work: what goes in, the zip files, and back again."""
