"""From pixels to scores."""
