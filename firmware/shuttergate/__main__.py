"""`python -m shuttergate`."""

from shuttergate.cli import app

app(prog_name="shuttergate")
