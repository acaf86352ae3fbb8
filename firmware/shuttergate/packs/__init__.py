"""Model packs from outside: their published weights, their ledgers, their fit for the Edge TPU."""
