"""The settings of a network's training: one group of fields, shared by every neural model."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from engine.core.spec import Spec, parameter
from engine.models.neural.initial import Scheme

Optimiser = Literal["adamw", "adam", "sgd"]
Schedule = Literal["constant", "cosine", "one_cycle", "step", "plateau"]
ClassLoss = Literal["cross_entropy", "focal"]
NumberLoss = Literal["mse", "mae", "huber", "quantile"]
_MODEL, _TRAINING, _LOSS = "Model", "Optimisation", "Loss and regularisation"
_PROCESSORS = {"torch": ("cpu", "cuda", "mps"), "mlx": ("cpu", "gpu")}


class Training(Spec):
    """How a network is trained, whichever it is.

    Early stopping, the plateau and every curve go by the mean loss on whole epochs. Numbers to be predicted are
    standardised within: a Huber loss turns linear, and a deviation counts, in standard deviations of the label.
    """

    epochs: int = parameter(
        30, title="Epochs", help="Maximum passes over the training rows.", ge=1, le=5000, section=_MODEL, seldom=True
    )
    batch_size: int = parameter(
        256, title="Batch size", help="Rows per step.", ge=1, le=65_536, section=_MODEL, seldom=True
    )
    learning_rate: float = parameter(0.003, title="Learning rate", gt=0, le=1, step=0.001, section=_MODEL, seldom=True)
    weight_decay: float = parameter(
        0.01,
        title="Weight decay",
        help="Shrinks the weights at each step: by AdamW apart from the gradient, by the others as a part of it.",
        ge=0,
        le=10,
        step=0.01,
        section=_MODEL,
        seldom=True,
    )
    early_stopping: int = parameter(
        5,
        title="Early stopping",
        unit="epochs",
        help="Epochs without a better validation loss before training stops; 0 never stops.",
        ge=0,
        le=5000,
        section=_MODEL,
        seldom=True,
    )
    dropout: float = parameter(
        0.0,
        title="Dropout",
        help="Share of the units that each training step leaves out, between layers.",
        percent=True,
        ge=0,
        le=0.9,
        section=_MODEL,
        seldom=True,
    )
    framework: Literal["torch", "mlx"] = parameter(
        "torch",
        title="Framework",
        help="What computes. A model that one has trained predicts in the other too.",
        choices={"torch": "torch", "mlx": "MLX"},
        section=_MODEL,
        seldom=True,
        when={"device": ("cpu", "cuda", "mps", "gpu")},
    )
    device: Literal["cpu", "auto", "cuda", "mps", "gpu"] = parameter(
        "cpu",
        title="Device",
        help="Only training on a CPU is reproducible bit for bit. CUDA and MPS are torch's, GPU is MLX's. The fastest "
        "measured is a framework and a processor, by the suite Networks of the Hardware page.",
        choices={"cpu": "CPU", "auto": "Fastest measured", "cuda": "CUDA", "mps": "MPS", "gpu": "GPU"},
        section=_MODEL,
        seldom=True,
    )
    optimiser: Optimiser = parameter(
        "adamw",
        title="Optimiser",
        choices={"adamw": "AdamW", "adam": "Adam", "sgd": "SGD with momentum"},
        section=_TRAINING,
        seldom=True,
    )
    momentum: float = parameter(
        0.9, title="Momentum", ge=0, lt=1, step=0.05, section=_TRAINING, seldom=True, when={"optimiser": ("sgd",)}
    )
    schedule: Schedule = parameter(
        "constant",
        title="Schedule",
        help="The learning rate over the epochs: constant, cosine decay to zero, one cycle of warm-up and decay "
        "(Smith 2018), a decay by a factor every so many epochs, or one whenever the loss stops falling.",
        choices={
            "constant": "Constant",
            "cosine": "Cosine",
            "one_cycle": "One cycle",
            "step": "Steps",
            "plateau": "On a plateau",
        },
        section=_TRAINING,
        seldom=True,
    )
    warmup: float = parameter(
        0.0,
        title="Warm-up",
        unit="epochs",
        help="Over which the learning rate rises from nothing.",
        ge=0,
        le=1000,
        section=_TRAINING,
        seldom=True,
    )
    step_epochs: int = parameter(
        10,
        title="Epochs per step",
        unit="epochs",
        help="After which the learning rate falls; on a plateau, epochs without a lower loss.",
        ge=1,
        le=5000,
        section=_TRAINING,
        seldom=True,
        when={"schedule": ("step", "plateau")},
    )
    step_factor: float = parameter(
        0.5,
        title="Factor",
        help="What is left of the learning rate.",
        gt=0,
        lt=1,
        step=0.1,
        section=_TRAINING,
        seldom=True,
        when={"schedule": ("step", "plateau")},
    )
    min_delta: float = parameter(
        0.0,
        title="Least improvement",
        help="Share of the best validation loss by which another has to be lower to count as better.",
        percent=True,
        ge=0,
        lt=1,
        section=_TRAINING,
        seldom=True,
    )
    clip_norm: float = parameter(
        0.0,
        title="Gradient clipping",
        help="Largest norm of the gradient of a step, to which a longer one is cut; 0 cuts none.",
        ge=0,
        le=1e6,
        section=_TRAINING,
        seldom=True,
    )
    accumulation: int = parameter(
        1, title="Batches per step", help="Whose gradients are added up.", ge=1, le=1024, section=_TRAINING, seldom=True
    )
    initialisation: Scheme = parameter(
        "auto",
        title="Initial weights",
        help="Automatic is He's for rectified units and Glorot's for others. Those of a recurrent layer's state are "
        "always orthogonal.",
        choices={
            "auto": "Automatic",
            "he": "He",
            "glorot": "Glorot",
            "lecun": "LeCun",
            "orthogonal": "Orthogonal",
        },
        section=_TRAINING,
        seldom=True,
    )
    class_loss: ClassLoss = parameter(
        "cross_entropy",
        title="Loss of classes",
        choices={"cross_entropy": "Cross entropy", "focal": "Focal"},
        section=_LOSS,
        seldom=True,
    )
    focal_gamma: float = parameter(
        2.0,
        title="Focus",
        help="How little a row counts that is predicted well (Lin et al. 2017); 0 is the cross entropy.",
        ge=0,
        le=10,
        section=_LOSS,
        seldom=True,
        when={"class_loss": ("focal",)},
    )
    number_loss: NumberLoss = parameter(
        "mse",
        title="Loss of a number",
        choices={"mse": "Squared error", "mae": "Absolute error", "huber": "Huber", "quantile": "Quantile"},
        section=_LOSS,
        seldom=True,
    )
    huber_delta: float = parameter(
        1.0,
        title="Linear from",
        unit="standard deviations",
        gt=0,
        le=100,
        section=_LOSS,
        seldom=True,
        when={"number_loss": ("huber",)},
    )
    quantile: float = parameter(
        0.5,
        title="Quantile",
        help="The one that is predicted (Koenker and Bassett 1978).",
        gt=0,
        lt=1,
        step=0.05,
        section=_LOSS,
        seldom=True,
        when={"number_loss": ("quantile",)},
    )
    class_weights: Literal["none", "balanced"] = parameter(
        "none",
        title="Class weights",
        help="Balanced rows of a rare class count as much together as those of a frequent one.",
        choices={"none": "None", "balanced": "Balanced"},
        section=_LOSS,
        seldom=True,
    )
    label_smoothing: float = parameter(
        0.0,
        title="Label smoothing",
        help="Share of the truth that is spread over all classes.",
        percent=True,
        ge=0,
        lt=1,
        section=_LOSS,
        seldom=True,
    )
    mixup: float = parameter(
        0.0,
        title="Mixup",
        help="Rows are mixed in pairs, by shares of a beta distribution with this parameter (Zhang et al. 2018); 0 "
        "mixes none.",
        ge=0,
        le=10,
        step=0.1,
        section=_LOSS,
        seldom=True,
    )
    l1: float = parameter(
        0.0,
        title="L1 penalty",
        help="Weight of the sum of absolute weights beside the mean loss.",
        ge=0,
        le=10,
        section=_LOSS,
        seldom=True,
    )

    @model_validator(mode="after")
    def _computes_there(self) -> Training:
        known = _PROCESSORS[self.framework]
        if self.device not in ("auto", *known):
            name = {"torch": "torch", "mlx": "MLX"}[self.framework]
            raise ValueError(f"{name} does not compute on '{self.device}': choose {' or '.join(known)}.")
        return self
