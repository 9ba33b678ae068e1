"""Ops that are made of others, and einsum in all its notations: packages/tensor/test/fixtures/composites.json."""

import torch
import torch.nn.functional as F

from fixture import Draw, case, write

draw = Draw(23)

EQUATIONS = {
    "ij,jk->ik": [(3, 4), (4, 5)],
    "bij,bjk->bik": [(2, 3, 4), (2, 4, 5)],
    "bhqd,bhkd->bhqk": [(2, 2, 3, 4), (2, 2, 5, 4)],
    "bthd,bshd->bhts": [(2, 3, 2, 4), (2, 5, 2, 4)],
    "i,j->ij": [(3,), (4,)],
    "i,i": [(4,), (4,)],
    "ij->": [(3, 4)],
    "ij->j": [(3, 4)],
    "ij": [(3, 4)],
    "ba": [(3, 4)],
    "ij,ij->ij": [(3, 4), (3, 4)],
    "ij,jk,kl->il": [(2, 3), (3, 4), (4, 2)],
    "ij,kj,lj->ikl": [(2, 3), (4, 3), (2, 3)],
    "ij,k->ik": [(2, 3), (4,)],
    "ii": [(4, 4)],
    "ii->i": [(4, 4)],
    "iij->j": [(3, 3, 2)],
    "iji->ij": [(3, 2, 3)],
    "iii->i": [(3, 3, 3)],
    "bii,bj->bij": [(2, 3, 3), (2, 4)],
    "...ij,...jk->...ik": [(2, 1, 3, 4), (5, 4, 2)],
    "...ij,jk->...ik": [(2, 2, 3, 4), (4, 5)],
    "...->": [(2, 3)],
    "i...->...i": [(2, 3, 4)],
    "...i,...i": [(2, 3), (2, 3)],
    "b...,b->b...": [(2, 3, 4), (2,)],
    "...,...->...": [(3, 1), (1, 4)],
    "ij,ij->i": [(3, 1), (3, 4)],
    " i j , j k -> k i ": [(2, 3), (3, 2)],
    ",i->i": [(), (3,)],
}


def weighed(name, config, inputs, run, constant=()):
    """A case whose loss weighs every element of the output by a number of its own, or is the output, where that is one."""
    shape = run(inputs, None)["out"].shape
    return case(name, config, inputs, {}, run, draw.normal(*shape) if shape else None, constant)


def einsum_cases():
    """https://pytorch.org/docs/stable/generated/torch.einsum.html"""
    for equation, shapes in EQUATIONS.items():
        inputs = {f"x{i}": draw.normal(*shape) for i, shape in enumerate(shapes)}
        run = lambda x, _, e=equation: {"out": torch.einsum(e, *x.values())}
        yield weighed(f"einsum: {equation}", {"equation": equation}, inputs, run)


def distinct(*shape):
    """Values at least 0.1 apart, so that no order hangs on rounding."""
    count = torch.tensor(shape).prod().item()
    return ((torch.randperm(count, generator=draw.generator) - count // 2) * 0.125).double().reshape(shape)


def selecting_cases():
    x = distinct(3, 5)
    mask = draw.integers(2, 3, 5).bool()
    cases = {
        "topk": ({"k": 2, "axis": -1}, lambda x: torch.topk(x, 2, -1)),
        "topk: first axis": ({"k": 3, "axis": 0}, lambda x: torch.topk(x, 3, 0)),
        "sort": ({"axis": -1, "descending": False}, lambda x: torch.sort(x, -1)),
        "sort: descending": ({"axis": 0, "descending": True}, lambda x: torch.sort(x, 0, descending=True)),
    }
    for name, (config, function) in cases.items():
        run = lambda x, _, f=function: dict(zip(("out", "indices"), f(x["x"])))
        yield weighed(name, config, {"x": x}, run)
    reductions = {
        "min": ({"axis": 1}, lambda x: torch.amin(x, 1)),
        "max": ({"axis": 0}, lambda x: torch.amax(x, 0)),
        "variance": ({"axis": 1}, lambda x: torch.var(x, 1)),
        "variance: of the whole population": ({"axis": 0, "correction": 0}, lambda x: torch.var(x, 0, unbiased=False)),
        "std": ({"axis": 1}, lambda x: torch.std(x, 1)),
        "norm": ({"axis": 1}, lambda x: torch.linalg.vector_norm(x, 2, 1)),
        "norm: order 1": ({"axis": 0, "order": 1}, lambda x: torch.linalg.vector_norm(x, 1, 0)),
    }
    for name, (config, function) in reductions.items():
        run = lambda x, _, f=function: {"out": f(x["x"])}
        yield weighed(name, config, {"x": x}, run)
    # Where the length is zero the gradient is, by convention, zero.
    flat = torch.tensor([[0.0, 0.0, 0.0], [3.0, 4.0, 12.0]]).double()
    for name, function in {"norm: of zeros": torch.linalg.vector_norm, "std: of equal numbers": torch.std}.items():
        run = lambda x, _, f=function: {"out": f(x["x"], dim=1)}
        yield weighed(name, {"axis": 1}, {"x": flat}, run)
    run = lambda x, _: {"out": x["x"].masked_fill(x["mask"], -2.5)}
    yield weighed("maskedFill", {"value": -2.5}, {"x": x, "mask": mask}, run, ["mask"])
    ids = draw.integers(4, 2, 3)
    run = lambda x, _: {"out": F.one_hot(x["ids"], 4).double() * x["x"]}
    yield weighed("oneHot", {"classes": 4}, {"x": draw.normal(4), "ids": ids}, run, ["ids"])


def arranging_cases():
    x, y = draw.normal(2, 3, 4), draw.normal(2, 3, 4)
    functions = {
        "stack": ({"axis": 1}, lambda x, y: torch.stack([x, y], 1)),
        "split: even": ({"sizes": 2, "axis": 2}, lambda x, y: torch.split(x, 2, 2)[1] * torch.split(y, 2, 2)[0]),
        "split: uneven": ({"sizes": [1, 2], "axis": 1}, lambda x, y: torch.split(x, [1, 2], 1)[1] - y[:, :2]),
        "pad": ({"before": [0, 1, 2], "after": [1, 0, 1], "value": 0.5}, lambda x, y: F.pad(x * y, (2, 1, 1, 0, 0, 1), value=0.5)),
        "flatten": ({"from": 1, "to": 2}, lambda x, y: torch.flatten(x, 1, 2) * torch.flatten(y, 1, 2)),
        "squeeze": ({"axis": 1}, lambda x, y: (x.unsqueeze(1) * y.unsqueeze(1)).squeeze(1)),
        "select": ({"axis": 1, "index": -1}, lambda x, y: x.select(1, -1) * y.select(1, -1)),
    }
    for name, (config, function) in functions.items():
        run = lambda x, _, f=function: {"out": f(x["x"], x["y"])}
        yield weighed(name, config, {"x": x, "y": y}, run)


write(
    "packages/tensor/test/fixtures/composites.json",
    [*einsum_cases(), *selecting_cases(), *arranging_cases()],
)
