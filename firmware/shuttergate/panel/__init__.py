"""The button, the permissive line, the lamps and the buzzer."""
