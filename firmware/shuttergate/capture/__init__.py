"""From a press to a photo in the album."""
