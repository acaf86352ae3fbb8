"""What is drawn and printed: the wiring, the header, the test card."""
