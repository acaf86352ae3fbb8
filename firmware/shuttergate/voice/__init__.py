"""A voice for people who cannot see the lamp: few words, rendered beforehand, off by default."""
