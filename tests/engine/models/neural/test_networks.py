"""Networks against torch's own modules with the same weights, and what they may not see."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from engine.models.neural.initial import Weights, fresh
from engine.models.neural.networks.base import Network, Pass, SequenceNetwork
from engine.models.neural.networks.convolutional import Convolutional
from engine.models.neural.networks.perceptron import Perceptron
from engine.models.neural.networks.recurrent import Recurrent
from engine.models.neural.networks.transformer import Transformer, places
from engine.models.neural.torch_arrays import TorchArrays
from tests.support.networks import FEATURES, NETWORKS, SEQUENCES, WINDOW

VALUES = torch.from_numpy(np.random.default_rng(0).standard_normal((5, WINDOW, FEATURES)).astype(np.float32))
sequences = pytest.mark.parametrize("network", SEQUENCES.values(), ids=SEQUENCES)


def at(weights: Weights, *, training: bool = False) -> Pass:
    arrays = TorchArrays("cpu")
    placed = {name: arrays.place(values) for name, values in weights.items()}
    return Pass(arrays, placed, arrays.masks([0]) if training else None)


def random_weights(network: Network) -> Weights:
    """Biases included."""
    random = np.random.default_rng(3)
    return {name: random.standard_normal(array.shape).astype(np.float32) for name, array in fresh(network, 0).items()}


@sequences
def test_nothing_is_said_from_later_bars(network: SequenceNetwork) -> None:
    weights = at(random_weights(network))
    before = network.sequence(weights, VALUES)
    changed = VALUES.clone()
    changed[:, 4:] += 100
    after = network.sequence(weights, changed)
    assert torch.equal(before[:, :4], after[:, :4])
    assert not torch.allclose(before[:, 4:], after[:, 4:])
    assert before.shape == (5, WINDOW, network.width)


@sequences
def test_every_bar_of_the_receptive_field_is_seen(network: SequenceNetwork) -> None:
    values = VALUES.clone().requires_grad_()
    network.scores(at(random_weights(network)), values).sum().backward()
    seen = values.grad.abs().sum(dim=(0, 2)) > 0
    assert seen.all()


@pytest.mark.parametrize(("cell", "made"), [("rnn", nn.RNN), ("lstm", nn.LSTM), ("gru", nn.GRU)])
def test_recurrent_layers_are_those_of_torch(cell: str, made: type[nn.RNNBase]) -> None:
    network = Recurrent(FEATURES, 1, cell, (4, 4))  # type: ignore[arg-type]
    weights, reference = random_weights(network), made(FEATURES, 4, num_layers=2, batch_first=True)
    with torch.no_grad():
        for number in range(2):
            named = {
                part: torch.from_numpy(weights[f"recurrent.{number}.{part}"]) for part in ("input", "recurrent", "bias")
            }
            second = torch.zeros(len(named["bias"]))
            if cell == "gru":
                second[8:] = torch.from_numpy(weights[f"recurrent.{number}.new"])
            for kept, values in (
                ("weight_ih", named["input"]),
                ("weight_hh", named["recurrent"]),
                ("bias_ih", named["bias"]),
                ("bias_hh", second),
            ):
                getattr(reference, f"{kept}_l{number}").copy_(values)
        torch.testing.assert_close(network.sequence(at(weights), VALUES), reference(VALUES)[0], atol=1e-6, rtol=1e-5)


def test_a_block_of_the_transformer_is_that_of_torch() -> None:
    network = Transformer(FEATURES, 1, 8, 2, 1, 12)
    weights = random_weights(network)
    reference = nn.TransformerEncoderLayer(8, 2, 12, 0.0, "gelu", batch_first=True, norm_first=True)
    said = {name: torch.from_numpy(values) for name, values in weights.items()}
    joined = {
        part: torch.cat([said[f"block.0.{name}.{part}"] for name in ("query", "key", "value")])
        for part in ("weight", "bias")
    }
    state = {"self_attn.in_proj_weight": joined["weight"], "self_attn.in_proj_bias": joined["bias"]}
    names = {
        "self_attn.out_proj": "out",
        "linear1": "widen",
        "linear2": "narrow",
        "norm1": "before_attention",
        "norm2": "before_dense",
    }
    state |= {f"{theirs}.{part}": said[f"block.0.{ours}.{part}"] for theirs, ours in names.items() for part in joined}
    reference.load_state_dict(state)
    x = (
        VALUES @ said["embedding.weight"].T
        + said["embedding.bias"]
        + torch.tensor(places(WINDOW, 8), dtype=torch.float32)
    )
    x = reference(x, src_mask=nn.Transformer.generate_square_subsequent_mask(WINDOW), is_causal=True)
    expected = nn.functional.layer_norm(x, (8,), said["last.weight"], said["last.bias"])
    torch.testing.assert_close(network.sequence(at(weights), VALUES), expected, atol=1e-5, rtol=1e-5)


def test_a_place_is_told_by_its_distance_from_the_last_bar() -> None:
    np.testing.assert_array_equal(places(9, 8)[-4:], places(4, 8))
    np.testing.assert_array_equal(places(4, 8)[-1], [0, 0, 0, 0, 1, 1, 1, 1])


def test_a_convolution_is_a_sum_over_earlier_bars() -> None:
    """One channel, two taps: by hand."""
    network = Convolutional(1, 1, (1,), taps=2)
    weights = fresh(network, 0)
    weights["block.0.first.kernel"] = np.array([[[10, 1]]], dtype=np.float32)
    weights["block.0.second.kernel"] = np.array([[[0, 1]]], dtype=np.float32)
    said = network.sequence(at(weights), torch.tensor([1.0, 2.0, 3.0]).reshape(1, 3, 1))
    assert said.ravel().tolist() == [1 + 1, 12 + 2, 23 + 3]
    assert network.receptive_field == 3


def test_dilation_doubles_from_block_to_block() -> None:
    network = Convolutional(1, 1, (2, 2, 2), taps=2)
    assert network.receptive_field == 1 + 2 * (1 + 2 + 4)
    values = torch.zeros(1, 40, 1, requires_grad=True)
    weights = {name: np.abs(array) + 0.1 for name, array in random_weights(network).items()}
    network.scores(at(weights), values).sum().backward()
    assert int((values.grad != 0).sum()) == network.receptive_field


def test_a_separable_network_has_fewer_weights() -> None:
    whole, parted = Convolutional(8, 1, (32, 32)), Convolutional(8, 1, (32, 32), separable=True)
    count = [sum(array.size for array in fresh(network, 0).values()) for network in (whole, parted)]
    assert count[1] < count[0] / 2


def test_batch_normalisation_is_that_of_torch() -> None:
    network, reference = Perceptron(FEATURES, WINDOW, 4, (4,), "relu", "batch"), nn.BatchNorm1d(4)
    weights = fresh(network, 0)
    running = at(weights, training=True)
    x = VALUES.reshape(5, -1) @ running.weights["weight.0"].T
    torch.testing.assert_close(running.normalised(x, "norm.0", "batch"), reference(x))
    torch.testing.assert_close(running.updates["norm.0.mean"], reference.running_mean)
    torch.testing.assert_close(running.updates["norm.0.variance"], reference.running_var)
    after = Pass(running.arrays, {**running.weights, **running.updates})
    torch.testing.assert_close(after.normalised(x, "norm.0", "batch"), reference.eval()(x))


def test_attention_adds_up_to_one_and_is_what_the_prediction_follows() -> None:
    network = SEQUENCES["attention"]
    assert isinstance(network, Recurrent)
    weights = random_weights(network)
    share = network.attention(at(weights), VALUES)
    torch.testing.assert_close(share.sum(1), torch.ones(5))
    expected = torch.einsum("btc,bt->bc", network.sequence(at(weights), VALUES), share)
    torch.testing.assert_close(network.pooled(at(weights), VALUES), expected)
    weights["attention.score"][:] = 0
    torch.testing.assert_close(network.attention(at(weights), VALUES), torch.full((5, WINDOW), 1 / WINDOW))


def test_dropout_leaves_out_a_share_and_keeps_the_mean() -> None:
    passed, ones = at({}, training=True), torch.ones(20_000)
    kept = passed.dropped(ones, 0.3)
    assert float((kept == 0).float().mean()) == pytest.approx(0.3, abs=0.02)
    assert float(kept.mean()) == pytest.approx(1, abs=0.02)
    assert torch.equal(at({}).dropped(ones, 0.3), ones)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("scheme", ["he", "glorot", "lecun", "orthogonal"])
def test_weights_begin_as_their_scheme_says(name: str, scheme: str) -> None:
    network = NETWORKS[name]
    weights = fresh(network, 0, scheme)  # type: ignore[arg-type]
    assert {key: array.shape for key, array in weights.items()} == {
        key: item.shape for key, item in network.parameters().items()
    }
    wide = fresh(Perceptron(400, 1, 300, ()), 0, scheme)["weight.0"]  # type: ignore[arg-type]
    expected = {"he": (2 / 400) ** 0.5, "glorot": (2 / 700) ** 0.5, "lecun": 400**-0.5, "orthogonal": 400**-0.5}
    assert wide.std() == pytest.approx(expected[scheme], rel=0.02)
    if scheme == "orthogonal":
        np.testing.assert_allclose(wide @ wide.T, np.eye(300), atol=1e-5)


def test_the_gates_of_an_lstm_begin_open_and_its_state_orthogonal() -> None:
    weights = fresh(Recurrent(3, 1, "lstm", (5,)), 0)
    assert weights["recurrent.0.bias"].tolist() == [0] * 5 + [1] * 5 + [0] * 10
    for gate in np.split(weights["recurrent.0.recurrent"], 4):
        np.testing.assert_allclose(gate @ gate.T, np.eye(5), atol=1e-6)
