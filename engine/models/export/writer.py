"""Graphs as bytes of ONNX, run by ONNX Runtime, and with weights of eight bits."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DataError, DeviceError
from engine.market.bars import Floats
from engine.models.export.symbol import GraphSymbol, Node

OPSET, TREES_OPSET, FORMAT = 17, 3, 8
"""Versions of the operations, of those on trees, and of the format: those of 2022, which every runtime reads by now."""
INPUT, OUTPUT = "features", "prediction"
_PACKAGES = ("onnx", "onnxruntime")
_ERRORS_ALONE = 3
_PREPARED = {"onnx.quant.pre_process": "onnxruntime.quant"}
"""Shapes are known, says the quantiser's own mark: otherwise it warns that they are not."""
_LAYERS = frozenset({"MatMul", "Conv", "LSTM"})


def missing() -> str:
    """How to install what graphs are written and run by, in a sentence; nothing where it is there."""
    absent = any(find_spec(name) is None for name in _PACKAGES)
    return "Graphs of ONNX need onnx and onnxruntime: pip install 'stratoscope[onnx]'." if absent else ""


def require_packages() -> None:
    """Raise ``DeviceError`` where a package is missing."""
    if text := missing():
        raise DeviceError(text)


def to_bytes(given: GraphSymbol, found: GraphSymbol, about: Mapping[str, str]) -> bytes:
    """The graph from its input ``given`` to ``found`` as a model, checked, with ``about`` as its metadata: the same
    graph is the same bytes.
    """
    import onnx
    from onnx import helper, numpy_helper

    graph = given.graph
    nodes = [*graph.nodes, Node("Identity", (found.name,), OUTPUT, {})]
    made = helper.make_graph(
        [_node(item) for item in nodes],
        "model",
        [helper.make_tensor_value_info(given.name, onnx.TensorProto.DOUBLE, ["rows", *given.shape[1:]])],
        [helper.make_tensor_value_info(OUTPUT, onnx.TensorProto.DOUBLE, ["rows", *found.shape[1:]])],
        [numpy_helper.from_array(values, name) for name, values in graph.constants.items()],
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", TREES_OPSET)]
    model = helper.make_model(made, opset_imports=opsets, producer_name="stratoscope", ir_version=FORMAT)
    helper.set_model_props(model, dict(about))
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def _node(item: Node) -> Any:
    from onnx import helper, numpy_helper

    more = {
        name: numpy_helper.from_array(value, name) if isinstance(value, np.ndarray) else value
        for name, value in item.attributes.items()
    }
    return helper.make_node(item.operation, list(item.inputs), [item.output], item.output, domain=item.domain, **more)


def quantised(model: bytes) -> bytes:
    """``model`` with the weights of its layers in eight bits, and what they are multiplied with in eight bits found row
    by row (dynamic quantisation). Raises ``DataError`` where it has no such layer.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    given = onnx.shape_inference.infer_shapes(onnx.load_from_string(model))
    single = {item.name for item in given.graph.initializer if item.data_type == onnx.TensorProto.FLOAT}
    layers = [node.name for node in given.graph.node if node.op_type in _LAYERS and single & set(node.input)]
    if not layers:
        raise DataError(
            "This model has no layers whose weights could have eight bits: dynamic quantisation is for networks with "
            "dense layers, convolutions or an LSTM."
        )
    onnx.helper.set_model_props(given, {item.key: item.value for item in given.metadata_props} | _PREPARED)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "int8.onnx"
        quantize_dynamic(given, path, weight_type=QuantType.QInt8, nodes_to_quantize=layers)
        return bytes(onnx.load(path).SerializeToString(deterministic=True))


def run(model: bytes, values: NDArray[Any]) -> Floats:
    """What ONNX Runtime predicts, on one thread, for ``values`` float64 (rows, features) or (rows, window, features).

    Raises ``DataError`` where it cannot.
    """
    try:
        return np.asarray(_session(model).run([OUTPUT], {INPUT: values})[0], dtype=np.float64)
    except Exception as error:  # noqa: BLE001 -- the runtime has exceptions of its own, one for each status
        raise DataError(f"ONNX Runtime does not run this graph: {str(error).splitlines()[0][:300]}") from None


@lru_cache(maxsize=2)
def _session(model: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ALONE
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
