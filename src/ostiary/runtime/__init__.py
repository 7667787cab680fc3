"""The composition root: features, settings, storage and keys become one frozen ``Runtime`` for each application."""
