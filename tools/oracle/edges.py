"""Where slopes and sums have corners: zeros, ties, empty axes, orders of norms: packages/tensor/test/fixtures."""

import torch
import torch.nn.functional as F

from fixture import Draw, as_json, case, number, write

draw = Draw(29)
LEAST, GREATEST = -(2**31), 2**31 - 1


def weighed(name, config, inputs, run, constant=()):
    """A case whose output is weighed, so that no two elements' gradients are alike."""
    with torch.no_grad():
        out = run(inputs, {})["out"]
    return case(name, config, inputs, {}, run, draw.normal(*out.shape), constant)


def plain(name, config, inputs, out):
    """A case without a gradient."""
    values = {k: as_json(v) for k, v in inputs.items()}
    return {"name": name, "config": config, "inputs": values, "params": {}, "outputs": {"out": as_json(out)}, "grads": {}}


def slope_cases():
    zeros = torch.tensor([0.0, -0.0, 1.5, -2.0, 0.0, 40.0], dtype=torch.float64)
    target = draw.uniform(6)
    positive = draw.uniform(6, low=0.5, high=3)
    yield weighed("softplus", {}, {"x": zeros}, lambda x, _: {"out": F.softplus(x["x"])})
    run = lambda x, _: {"out": F.binary_cross_entropy_with_logits(x["x"], x["target"], reduction="none")}
    yield weighed("binaryCrossEntropy", {}, {"x": zeros, "target": target}, run, ["target"])
    run = lambda x, _: {
        "out": F.binary_cross_entropy_with_logits(x["x"], x["target"], reduction="none", pos_weight=x["positive"])
    }
    yield weighed(
        "binaryCrossEntropy: positive weight", {}, {"x": zeros, "target": target, "positive": positive}, run, ["target", "positive"]
    )
    base = torch.tensor([0.0, 0.0, 2.0, -3.0, 0.0], dtype=torch.float64)
    power = torch.tensor([0.0, 2.0, 0.0, 0.0, 1.0], dtype=torch.float64)
    yield weighed("powScalar", {"order": 0}, {"x": base}, lambda x, _: {"out": torch.pow(x["x"], 0)})
    yield weighed("pow: of a base", {}, {"x": base, "y": power}, lambda x, _: {"out": torch.pow(x["x"], x["y"])}, ["y"])
    power = torch.tensor([0.0, 2.0, 0.5], dtype=torch.float64)
    base = torch.tensor([0.0, 0.0, 3.0], dtype=torch.float64)
    yield weighed("pow: of both", {}, {"x": base, "y": power}, lambda x, _: {"out": torch.pow(x["x"], x["y"])})


def norm_cases():
    x = draw.normal(3, 4)
    x[1] = 0
    x[2, 1] = 0
    for order in (0.5, 3, 1, 2, 0):
        run = lambda t, _, order=order: {"out": torch.linalg.vector_norm(t["x"], ord=order, dim=1)}
        if order == 0:
            yield plain("norm: order 0", {"order": 0, "axis": 1}, {"x": x}, run({"x": x}, None)["out"])
        else:
            yield weighed(f"norm: order {order}", {"order": order, "axis": 1}, {"x": x}, run)
    run = lambda t, _: {"out": torch.linalg.vector_norm(t["x"], ord=-float("inf"), dim=1)}
    yield weighed("norm: least", {"order": "least", "axis": 1}, {"x": draw.normal(3, 4)}, run)


def whole_cases():
    x = torch.tensor([[5, LEAST, GREATEST], [GREATEST, 7, GREATEST], [LEAST, LEAST, LEAST]])
    yield plain("min", {"axis": 1}, {"x": x}, torch.amin(x, 1))
    yield plain("argmin", {"axis": 1}, {"x": x}, torch.argmin(x, 1))
    values = draw.normal(2, 3)
    yield plain("argmax", {"keepdim": True}, {"x": values}, torch.argmax(values, dim=None, keepdim=True))


def truth_cases():
    inputs = {
        "fractions": torch.tensor([[0.5, 0.0], [0.0, 0.0], [-0.25, 0.75]], dtype=torch.float64),
        "nothing": torch.zeros(3, 0, dtype=torch.float64),
        "whole": draw.integers(2, 3, 2),
    }
    for name, x in inputs.items():
        yield plain(f"any: {name}", {"axis": 1}, {"x": x}, torch.any(x != 0, 1))
        yield plain(f"all: {name}", {"axis": 1}, {"x": x}, torch.all(x != 0, 1))


def remainder_cases():
    inf = float("inf")
    x = torch.tensor([5, -5, 5, -5, 0, inf, 3e38, -3e38, 1e30, 16777217, -1e-30, 7, -7.5, 1], dtype=torch.float32).double()
    y = torch.tensor([inf, inf, -inf, -inf, inf, 2, 7, 7, 0.1, 3, 1, -2, 2, 0], dtype=torch.float32).double()
    yield plain("mod", {}, {"x": x, "y": y}, torch.remainder(x, y))


def ignored_cases():
    logits = draw.normal(4, 3)
    closed = torch.tensor([[True, False, False], [False, False, True], [False, False, False], [True, True, False]])
    target = torch.tensor([-100, 1, 2, 2])
    for reduction in ("mean", "sum", "none"):
        run = lambda x, _, r=reduction: {
            "out": F.cross_entropy(x["x"].masked_fill(x["closed"], -torch.inf), x["target"], reduction=r)
        }
        yield weighed(
            f"crossEntropy: {reduction}",
            {"reduction": reduction},
            {"x": logits, "closed": closed, "target": target},
            run,
            ["closed", "target"],
        )


def quotient_cases():
    # Quotients that float32 rounds to whole numbers from either side, and divisors out of reach.
    inf = float("inf")
    y = torch.tensor([0.1, 0.1, 0.3, -0.7, 1e-3, 1.1, inf, inf, -inf, 3, -3, 7.25, 1, 0.2], dtype=torch.float32)
    k = torch.tensor([3, 10, 9, 21, 77, -5, 1, -1, 1, 2, 2, -4, -1e-30, 1e-9], dtype=torch.float32)
    x = torch.where(torch.isinf(y), k * 5, k * y)
    x = torch.cat([x, torch.nextafter(x, torch.tensor(inf)), torch.nextafter(x, torch.tensor(-inf))]).double()
    y = y.repeat(3).double()
    yield weighed("mod: near whole quotients", {}, {"x": x, "y": y}, lambda x, _: {"out": torch.remainder(x["x"], x["y"])})


def bound_cases():
    # Up to torch 2.14 the whole gradient passes at a bound; from 2.15 on none does.
    inf = float("inf")
    x = torch.tensor([-2.0, -1.0, -0.0, 0.5, 1.0, 1.5, inf, -inf, float("nan")], dtype=torch.float64)
    for name, low, high in [("between", -1, 1), ("at one number", 1, 1), ("from below", 0, inf), ("from above", -inf, 1)]:
        run = lambda t, _, low=low, high=high: {
            "out": torch.clamp(t["x"], None if low == -inf else low, None if high == inf else high)
        }
        yield weighed(f"clamp: {name}", {"low": number(low), "high": number(high)}, {"x": x}, run)
    distances = torch.tensor([0.0, 1.0, -1.0, 0.25, 3.0, inf, -inf], dtype=torch.float64)
    run = lambda t, _: {"out": F.huber_loss(t["x"], torch.zeros(7, dtype=torch.float64), reduction="none")}
    yield weighed("huberLoss", {}, {"x": distances}, run)


def far_cases():
    # Logits that leave no room for the digits of log Σ eˣ, and values before a relu that are no numbers.
    logits = (draw.normal(5, 7) + torch.tensor([1e4, -1e4, 1e6, 300, 0], dtype=torch.float64)[:, None]).float().double()
    target = draw.integers(7, 5)
    for smoothing in (0, 0.1):
        run = lambda x, _, s=smoothing: {
            "out": F.cross_entropy(x["x"], x["target"], reduction="none", label_smoothing=s)
        }
        inputs = {"x": logits, "target": target}
        name = f"far crossEntropy: smoothing {smoothing}"
        yield weighed(name, {"reduction": "none", "labelSmoothing": smoothing}, inputs, run, ["target"])
    x = torch.tensor([[1.0, -2.0], [0.0, 0.0], [float("nan"), 1.0]], dtype=torch.float64)
    weight = draw.normal(3, 2)
    yield weighed("relu", {}, {"x": x}, lambda t, _: {"out": torch.relu(t["x"])})
    run = lambda t, _: {"out": torch.relu(F.linear(t["x"], t["weight"]))}
    yield weighed("linear: relu", {}, {"x": x, "weight": weight}, run)


def power_cases():
    inf, nan = float("inf"), float("nan")
    power = torch.tensor([inf, -inf, nan, 0.0, 0.5], dtype=torch.float64)
    base = torch.tensor([1.0, 1.0, 1.0, nan, -inf], dtype=torch.float64)
    yield weighed("pow: of one", {}, {"x": base, "y": power}, lambda x, _: {"out": torch.pow(x["x"], x["y"])}, ["y"])
    yield weighed("powScalar: root", {"order": 0.5}, {"x": base}, lambda x, _: {"out": torch.pow(x["x"], 0.5)})
    x = draw.normal(3, 4)
    x[1] = 0
    x[2, 1] = 0
    run = lambda t, _: {"out": torch.linalg.vector_norm(t["x"], ord=-1, dim=1)}
    yield weighed("norm: order -1", {"order": -1, "axis": 1}, {"x": x}, run)


write(
    "packages/tensor/test/fixtures/edges.json",
    [
        *slope_cases(),
        *norm_cases(),
        *whole_cases(),
        *truth_cases(),
        *remainder_cases(),
        *ignored_cases(),
        *quotient_cases(),
        *bound_cases(),
        *power_cases(),
        *far_cases(),
    ],
)
