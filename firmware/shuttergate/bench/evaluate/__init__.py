"""Measuring a kit, or a public model, on pictures with labels."""
