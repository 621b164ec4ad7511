"""The one door for files that people bring: looked at before it is read, read apart, used whole or not at all."""
