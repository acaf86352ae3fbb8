"""Scenarios: a kit on the bench, a script of scenes, presses and faults, and what must hold.

`script` reads one, `run` plays it on a kit, `hookup` is how the bench touches the kit's wires,
`faults` breaks things, `record` is what came of it, `must` judges that, and `report` tells it.
"""
