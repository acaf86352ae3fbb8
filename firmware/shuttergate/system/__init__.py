"""What the kit asks of the operating system, and of files."""
