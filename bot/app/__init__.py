"""The application: settings in, services wired, started and stopped in order."""
