"""`python -m shuttergate`."""

from shuttergate.cli import start

start()
