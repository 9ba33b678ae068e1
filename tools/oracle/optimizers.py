"""Ten steps of each optimizer, learning rates of each schedule, gradient clipping: packages/tensor/test/fixtures.

A step's loss is the sum of parameter · gradient over all parameters, whose gradient is exactly the one given.
"""

import math

import torch
from torch.optim import SGD, Adam, AdamW, Optimizer, lr_scheduler

from fixture import Draw, as_json, write

draw = Draw(37)
STEPS = 10


class Lion(Optimizer):
    """https://github.com/google/automl/blob/master/lion/lion_pytorch.py, the paper's own code (Apache-2.0)."""

    def __init__(self, params, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                p.mul_(1 - group["lr"] * group["weight_decay"])
                state = self.state[p]
                if not state:
                    state["exp_avg"] = torch.zeros_like(p)
                average = state["exp_avg"]
                update = average * beta1 + p.grad * (1 - beta1)
                p.add_(update.sign(), alpha=-group["lr"])
                average.mul_(beta2).add_(p.grad, alpha=1 - beta2)


def optimizer_cases():
    shapes = {"weight": (4, 3), "bias": (4,)}
    initial = {k: draw.normal(*s) for k, s in shapes.items()}
    gradients = [{k: draw.normal(*s) for k, s in shapes.items()} for _ in range(STEPS)]
    variants = [
        ("SGD", SGD, {"lr": 0.1}),
        ("SGD", SGD, {"lr": 0.1, "momentum": 0.9}),
        ("SGD", SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
        ("SGD", SGD, {"lr": 0.1, "momentum": 0.8, "weightDecay": 0.05}),
        ("SGD", SGD, {"lr": 0.1, "momentum": 0.9, "dampening": 0.3}),
        ("Adam", Adam, {"lr": 0.01}),
        ("Adam", Adam, {"lr": 0.01, "betas": [0.8, 0.95], "eps": 1e-6}),
        ("Adam", Adam, {"lr": 0.01, "weightDecay": 0.1}),
        ("AdamW", AdamW, {"lr": 0.01}),
        ("AdamW", AdamW, {"lr": 0.01, "weightDecay": 0.2, "betas": [0.9, 0.98]}),
        ("Lion", Lion, {"lr": 0.01}),
        ("Lion", Lion, {"lr": 0.01, "betas": [0.95, 0.98], "weightDecay": 0.1}),
    ]
    for name, optimizer, config in variants:
        yield trajectory(name, optimizer, config, [config], initial, gradients)
    groups = [{"params": ["weight"], "weightDecay": 0.1}, {"params": ["bias"], "lr": 0.05, "weightDecay": 0}]
    yield trajectory("AdamW", AdamW, {"lr": 0.01, "groups": groups}, groups, initial, gradients)


def snake(options):
    names = {"weightDecay": "weight_decay"}
    return {names.get(k, k): v for k, v in options.items() if k not in ("params", "groups")}


def trajectory(name, optimizer, config, groups, initial, gradients):
    params = {k: v.clone().requires_grad_() for k, v in initial.items()}
    steps = []
    chosen = [{"params": [params[k] for k in g.get("params", params)], **snake(g)} for g in groups]
    engine = optimizer(chosen, **snake(config))
    for grads in gradients:
        for k, g in grads.items():
            params[k].grad = g.clone()
        engine.step()
        steps.append({"grads": {k: as_json(g) for k, g in grads.items()}, "params": {k: as_json(p) for k, p in params.items()}})
    label = ", ".join(f"{k} {v}" for k, v in config.items() if k != "groups")
    return {
        "name": f"{name}: {label}{', two groups' if 'groups' in config else ''}",
        "optimizer": name,
        "config": config,
        "params": {k: as_json(v) for k, v in initial.items()},
        "steps": steps,
    }


def with_warmup(warmup, after):
    """transformers.optimization's multipliers: 0 to 1 over the warm-up, then `after(step)`."""
    return lambda step: step / max(1, warmup) if step < warmup else after(step)


def scheduler_cases():
    total, warmup, lr = 20, 5, 0.1

    def progress(step, start=warmup):
        return (step - start) / max(1, total - start)

    def rates(name, config, build, metrics=None):
        optimizer = SGD([torch.zeros(1, requires_grad=True)], lr=lr)
        schedule, seen = build(optimizer), []
        for step in range(len(metrics or []) or total):
            seen.append(float(f"{optimizer.param_groups[0]['lr']:.12g}"))
            optimizer.step()
            schedule.step(*([metrics[step]] if metrics else []))
        record = {"name": name, "config": {"lr": lr, **config}, "rates": seen}
        return {**record, "metrics": metrics} if metrics else record

    def multiplied(factor):
        return lambda optimizer: lr_scheduler.LambdaLR(optimizer, factor)

    shapes = {
        "constant": lambda start: lambda step: 1.0,
        "linear": lambda start: lambda step: max(0.0, 1 - progress(step, start)),
        "cosine": lambda start: lambda step: 0.5 * (1 + math.cos(math.pi * min(1.0, progress(step, start)))),
    }
    for name, shape in shapes.items():
        plain = {} if name == "constant" else {"totalSteps": total}
        yield rates(name, plain, multiplied(shape(0)))
        warm = {**plain, "warmupSteps": warmup}
        yield rates(f"{name} with warm-up", warm, multiplied(with_warmup(warmup, shape(warmup))))
    for anneal in ("cos", "linear"):
        yield rates(
            f"one-cycle, {anneal}",
            {"maxLr": 0.5, "totalSteps": total, "pctStart": 0.3, "divFactor": 25, "finalDivFactor": 1e4, "anneal": anneal},
            lambda o: lr_scheduler.OneCycleLR(o, 0.5, total, pct_start=0.3, anneal_strategy=anneal, cycle_momentum=False),
        )
    metrics = [1.0, 0.9, 0.9, 0.9, 0.9, 0.8, 0.85, 0.85, 0.85, 0.85, 0.85, 0.85, 0.7, 0.71, 0.71, 0.71]
    for mode, values in (("min", metrics), ("max", [-m for m in metrics])):
        yield rates(
            f"reduce on plateau, {mode}",
            {"mode": mode, "factor": 0.5, "patience": 2, "threshold": 1e-4, "minLr": 0.02},
            lambda o: lr_scheduler.ReduceLROnPlateau(o, mode, factor=0.5, patience=2, threshold=1e-4, min_lr=0.02),
            values,
        )


def clipping_cases():
    gradients = {"weight": draw.normal(4, 3, scale=2), "bias": draw.normal(4)}
    variants = [("norm 2", 1.0, 2.0), ("norm 1", 1.0, 1.0), ("norm infinity", 0.5, math.inf), ("below the limit", 100.0, 2.0)]
    for name, limit, kind in variants:
        params = [torch.zeros_like(g) for g in gradients.values()]
        for p, g in zip(params, gradients.values()):
            p.grad = g.clone()
        total = torch.nn.utils.clip_grad_norm_(params, limit, kind)
        yield {
            "name": f"clipGradNorm: {name}",
            "config": {"maxNorm": limit, "normType": "inf" if kind == math.inf else kind},
            "grads": {k: as_json(g) for k, g in gradients.items()},
            "norm": float(f"{total.item():.10g}"),
            "clipped": {k: as_json(p.grad) for k, p in zip(gradients, params)},
        }
    yield {
        "name": "clipGradValue",
        "config": {"clipValue": 0.7},
        "grads": {k: as_json(g) for k, g in gradients.items()},
        "clipped": {k: as_json(g.clamp(-0.7, 0.7)) for k, g in gradients.items()},
    }


if __name__ == "__main__":
    write("packages/tensor/test/fixtures/optimizers.json", [*optimizer_cases()])
    write("packages/tensor/test/fixtures/schedules.json", [*scheduler_cases()])
    write("packages/tensor/test/fixtures/clipping.json", [*clipping_cases()])
