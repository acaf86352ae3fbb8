"""Give a .tflite its last feature map as a second output: `with_map.py IN.tflite OUT.tflite`.

What is before the one AVERAGE_POOL_2D. Nothing else of the file changes: a longer list of outputs
is put behind it, and the graph points there.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path

from ai_edge_litert import schema_py_generated as schema

OUTPUTS_FIELD = 8  # of a SubGraph's table, as flatbuffers counts: tensors 4, inputs 6, outputs 8


def with_map(content: bytes) -> bytes:
    """The model's bytes with the second output."""
    model = schema.Model.GetRootAs(content, 0)
    graph = model.Subgraphs(0)
    pools = [
        operator
        for operator in (graph.Operators(k) for k in range(graph.OperatorsLength()))
        if model.OperatorCodes(operator.OpcodeIndex()).BuiltinCode()
        == schema.BuiltinOperator.AVERAGE_POOL_2D
    ]
    if len(pools) != 1 or graph.OutputsLength() != 1:
        raise SystemExit(f"with_map: {len(pools)} pools, {graph.OutputsLength()} outputs; 1, 1 due")
    place = graph._tab.Pos + graph._tab.Offset(OUTPUTS_FIELD)
    longer = bytearray(content + bytes(-len(content) % 4))
    struct.pack_into("<I", longer, place, len(longer) - place)
    return bytes(longer) + struct.pack("<Iii", 2, graph.Outputs(0), pools[0].Inputs(0))


if __name__ == "__main__":
    Path(sys.argv[2]).write_bytes(with_map(Path(sys.argv[1]).read_bytes()))
