"""The ground: errors, options, settings, and how parts are found by name."""
