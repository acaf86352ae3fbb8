"""`make eval-data`: a harmless benchmark from outside our renderer's world; see build.py."""
