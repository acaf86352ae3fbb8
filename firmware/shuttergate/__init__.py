"""shuttergate: a camera whose shutter is dead until the frame it would save is cleared."""

__version__ = "0.1.0"
