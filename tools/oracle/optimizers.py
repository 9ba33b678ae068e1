"""Ten steps of each optimizer, learning rates of each schedule, gradient clipping: packages/tensor/test/fixtures.

A step's loss is the sum of parameter · gradient over all parameters, whose gradient is exactly the one given.
"""

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
                if p.grad is None:
                    continue
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
        ("Adam", Adam, {"lr": 0.01, "beta1": 0.8, "beta2": 0.95, "eps": 1e-6}),
        ("Adam", Adam, {"lr": 0.01, "weightDecay": 0.1}),
        ("AdamW", AdamW, {"lr": 0.01}),
        ("AdamW", AdamW, {"lr": 0.01, "weightDecay": 0.2, "beta1": 0.9, "beta2": 0.98}),
        ("Lion", Lion, {"lr": 0.01}),
        ("Lion", Lion, {"lr": 0.01, "beta1": 0.95, "beta2": 0.98, "weightDecay": 0.1}),
    ]
    for name, optimizer, config in variants:
        yield trajectory(name, optimizer, config, [config], initial, gradients)
    groups = [{"params": ["weight"], "weightDecay": 0.1}, {"params": ["bias"], "lr": 0.05, "weightDecay": 0}]
    yield trajectory("AdamW", AdamW, {"lr": 0.01, "groups": groups}, groups, initial, gradients)
    # The bias joins late and has no gradient in one step.
    late = [{k: g for k, g in grads.items() if k != "bias" or i in (4, 5, 7, 8, 9)} for i, grads in enumerate(gradients)]
    for name, optimizer, config in variants:
        if name in ("Adam", "AdamW", "SGD") and len(config) > 1 or name == "Lion":
            yield trajectory(name, optimizer, config, [config], initial, late, ", a late bias")
    # Squares that forget at once, while the momentum goes on: the epsilon alone is left below.
    stopped = [grads if i % 3 == 0 else {k: torch.zeros_like(g) for k, g in grads.items()} for i, grads in enumerate(gradients)]
    for name, optimizer in (("Adam", Adam), ("AdamW", AdamW)):
        config = {"lr": 0.01, "beta1": 0.9, "beta2": 0.0, "eps": 0.5}
        yield trajectory(name, optimizer, config, [config], initial, stopped, ", gradients that come and go")


def options(config):
    """The library's spelling to PyTorch's."""
    given = {k: v for k, v in config.items() if k not in ("params", "groups", "beta1", "beta2", "weightDecay")}
    if "beta1" in config:
        given["betas"] = (config["beta1"], config["beta2"])
    if "weightDecay" in config:
        given["weight_decay"] = config["weightDecay"]
    return given


def trajectory(name, optimizer, config, groups, initial, gradients, note=""):
    params = {k: v.clone().requires_grad_() for k, v in initial.items()}
    steps = []
    chosen = [{"params": [params[k] for k in g.get("params", params)], **options(g)} for g in groups]
    engine = optimizer(chosen, **options(config))
    for grads in gradients:
        for k, p in params.items():
            p.grad = grads[k].clone() if k in grads else None
        engine.step()
        steps.append({"grads": {k: as_json(g) for k, g in grads.items()}, "params": {k: as_json(p) for k, p in params.items()}})
    label = ", ".join(f"{k} {v}" for k, v in config.items() if k != "groups")
    return {
        "name": f"{name}: {label}{', two groups' if 'groups' in config else ''}{note}",
        "optimizer": name,
        "config": config,
        "params": {k: as_json(v) for k, v in initial.items()},
        "steps": steps,
    }


def scheduler_cases():
    """Learning rates before each step. `config` is the schedule's own; `warmupSteps` come before it."""
    total, warmup, lr = 20, 5, 0.1

    def rates(name, config, build, metrics=None):
        optimizer = SGD([torch.zeros(1, requires_grad=True)], lr=lr)
        schedule, seen = build(optimizer), []
        for metric in metrics or range(total):
            seen.append(float(f"{optimizer.param_groups[0]['lr']:.12g}"))
            optimizer.step()
            schedule.step(*([metric] if metrics else []))
        record = {"name": name, "lr": lr, "config": config, "rates": seen}
        return {**record, "metrics": metrics} if metrics else record

    def warmed(build):
        def both(optimizer):
            # (step + 1) / warmup, then the schedule from its beginning.
            rise = lr_scheduler.LinearLR(optimizer, 1 / warmup, 1.0, warmup - 1)
            return lr_scheduler.SequentialLR(optimizer, [rise, build(optimizer)], [warmup])

        return both

    shapes = {
        "constant": ({}, lambda o: lr_scheduler.ConstantLR(o, 1.0)),
        "linear": ({"from": 1, "to": 0}, lambda o: lr_scheduler.LinearLR(o, 1.0, 0.0, total)),
        "linear, part of the way": ({"from": 0.5, "to": 0.1}, lambda o: lr_scheduler.LinearLR(o, 0.5, 0.1, total)),
        "cosine": ({"to": 0}, lambda o: lr_scheduler.CosineAnnealingLR(o, total)),
        "cosine to a tenth": ({"to": 0.1}, lambda o: lr_scheduler.CosineAnnealingLR(o, total, 0.1 * lr)),
    }
    for name, (config, build) in shapes.items():
        config = config if name == "constant" else {"steps": total, **config}
        yield rates(name, config, build)
        yield rates(f"{name}, after a warm-up", {**config, "warmupSteps": warmup}, warmed(build))
    for rise in (0.3, 0.5):
        config = {"steps": total, "rise": rise, "divFactor": 25, "finalDivFactor": 1e4}
        yield rates(
            f"oneCycle, rising for {rise}",
            config,
            lambda o: lr_scheduler.OneCycleLR(o, lr, total, pct_start=rise, cycle_momentum=False),
        )
    metrics = [1.0, 0.9, 0.9, 0.9, 0.9, 0.8, 0.85, 0.85, 0.85, 0.85, 0.85, 0.85, 0.7, 0.71, 0.71, 0.71]
    for mode, values in (("min", metrics), ("max", [-m for m in metrics])):
        for cooldown in (0, 2):
            yield rates(
                f"reduceOnPlateau, {mode}, cooldown {cooldown}",
                {"mode": mode, "factor": 0.5, "patience": 2, "threshold": 1e-4, "minLr": 0.02, "cooldown": cooldown},
                lambda o: lr_scheduler.ReduceLROnPlateau(
                    o, mode, factor=0.5, patience=2, threshold=1e-4, min_lr=0.02, cooldown=cooldown
                ),
                values,
            )
    yield rates(
        "reduceOnPlateau, cuts too small to make",
        {"factor": 0.5, "patience": 0, "eps": 0.01},
        lambda o: lr_scheduler.ReduceLROnPlateau(o, factor=0.5, patience=0, eps=0.01),
        [1.0] * 7,
    )


def clipping_cases():
    gradients = {"weight": draw.normal(4, 3, scale=2), "bias": draw.normal(4)}
    for name, limit in (("above the limit", 1.0), ("below the limit", 100.0)):
        params = [torch.zeros_like(g) for g in gradients.values()]
        for p, g in zip(params, gradients.values()):
            p.grad = g.clone()
        norm = torch.nn.utils.clip_grad_norm_(params, limit)
        yield {
            "name": f"clipGradNorm: {name}",
            "limit": limit,
            "grads": {k: as_json(g) for k, g in gradients.items()},
            "norm": as_json(norm),
            "clipped": {k: as_json(p.grad) for k, p in zip(gradients, params)},
        }
    yield {
        "name": "clipGradValue",
        "limit": 0.7,
        "grads": {k: as_json(g) for k, g in gradients.items()},
        "clipped": {k: as_json(g.clamp(-0.7, 0.7)) for k, g in gradients.items()},
    }


if __name__ == "__main__":
    write("packages/tensor/test/fixtures/optimizers.json", [*optimizer_cases()])
    write("packages/tensor/test/fixtures/schedules.json", [*scheduler_cases()])
    write("packages/tensor/test/fixtures/clipping.json", [*clipping_cases()])
