"""Decision trees as the attributes of ONNX's node for them."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.market.bars import Floats
from engine.models.trees import LEAF, Trees


def tree_ensemble(trees: Trees, baseline: Floats, weight: float) -> dict[str, Any]:
    """The ``baseline`` of each output and the sum of what the leaves say, each times ``weight``; trees of one output
    add in turn to each. Values are compared in float64, as ``Trees`` does.
    """
    outputs, own = len(baseline), trees.value.shape[1]
    size = np.diff(np.append(trees.root, len(trees.feature)))
    tree = np.repeat(np.arange(len(size)), size)
    node = np.arange(len(trees.feature)) - np.repeat(trees.root, size)
    leaf = trees.feature == LEAF
    at = np.flatnonzero(leaf)
    target = np.tile(np.arange(own), len(at)) if own > 1 else tree[at] % outputs
    return {
        "n_targets": outputs,
        "post_transform": "NONE",
        "base_values_as_tensor": np.asarray(baseline, dtype=np.float64),
        "nodes_treeids": tree.tolist(),
        "nodes_nodeids": node.tolist(),
        "nodes_featureids": np.where(leaf, 0, trees.feature).tolist(),
        "nodes_modes": [b"LEAF" if end else b"BRANCH_LEQ" for end in leaf],
        "nodes_values_as_tensor": np.where(leaf, 0.0, trees.threshold),
        "nodes_truenodeids": np.where(leaf, 0, trees.left).tolist(),
        "nodes_falsenodeids": np.where(leaf, 0, trees.right).tolist(),
        "target_treeids": np.repeat(tree[at], own).tolist(),
        "target_nodeids": np.repeat(node[at], own).tolist(),
        "target_ids": target.tolist(),
        "target_weights_as_tensor": trees.value[at].ravel() * weight,
    }
