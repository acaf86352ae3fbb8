"""The parent of the kit: its children, and what companions are told."""
