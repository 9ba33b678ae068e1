# PyTorch's process of the kernels suite: the same kernels and sizes as kernels.mjs has.
import argparse, json, math, os, resource, statistics, time, warnings
import numpy as np, torch, torch.nn.functional as F

warnings.filterwarnings('ignore')
now = time.process_time if os.environ.get('HEDDLE_BENCH_CLOCK') == 'processor' else time.perf_counter
parser = argparse.ArgumentParser()
parser.add_argument('--threads', type=int, default=1); parser.add_argument('--seconds', type=float, default=0.3)
parser.add_argument('--load', default='all'); parser.add_argument('--modes', default='kernel')
args = parser.parse_args()
torch.set_num_threads(args.threads)
quick = args.load == 'quick'


def wave(*shape, step=1.0):
    return torch.tensor(np.sin(np.arange(int(np.prod(shape))) * step).astype(np.float32).reshape(shape))


def kernel(name, run, check=lambda: [], **work):
    for _ in range(2): run()
    times, end = [], time.perf_counter() + args.seconds
    while len(times) < 3 or (time.perf_counter() < end and len(times) < 400):
        start = now(); run(); times.append((now() - start) * 1e3)
    print(json.dumps(dict(workload=name, mode='kernel', medianMs=statistics.median(times), minMs=min(times), maxMs=max(times), runs=len(times),
                          peakBytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, check=check(), **work)), flush=True)


def forward(name, f, **work):
    with torch.inference_mode(): kernel(name, f, lambda: f().flatten()[:3].tolist(), **work)


def both(name, x, f, **work):
    def run():
        y = x.detach().requires_grad_(); f(y).sum().backward()
    kernel(name, run, **work)


for n in [128, 512] if quick else [64, 128, 256, 512, 1024, 2048]:
    a, b = wave(n, n), wave(n, n, step=0.7)
    forward(f'matmul {n}', lambda: a @ b, flops=2 * n ** 3)
for T in [128, 512] if quick else [128, 512, 2048, 8192]:
    q = wave(1, 8, T, 64, step=0.3)
    attend = lambda x: torch.softmax(x @ x.transpose(-2, -1) / 8, -1) @ x
    forward(f'attention {T}', lambda: attend(q), flops=4 * 8 * T * T * 64)
    if T <= 2048: both(f'attention {T} with gradient', q, attend, flops=14 * 8 * T * T * 64)
x, w, b = wave(4096, 512, step=0.3), wave(512), wave(512)
forward('layerNorm 4096×512', lambda: F.layer_norm(x, (512,), w, b)); both('layerNorm 4096×512 with gradient', x, lambda t: F.layer_norm(t, (512,), w, b))
forward('softmax 4096×512', lambda: torch.softmax(x, -1)); forward('gelu 4096×512', lambda: F.gelu(x))
logits, classes = wave(1024, 8192, step=0.3), torch.arange(1024) * 7 % 8192
forward('crossEntropy 1024×8192', lambda: F.cross_entropy(logits, classes)); both('crossEntropy 1024×8192 with gradient', logits, lambda t: F.cross_entropy(t, classes))
table, ids = wave(8192, 256), torch.arange(8192) * 31 % 8192
forward('embedding 8192×256', lambda: F.embedding(ids, table)); both('embedding 8192×256 with gradient', table, lambda t: F.embedding(ids, t))
row, weight, bias = wave(1, 64), wave(64, 64), wave(64)
def calls():
    for _ in range(1000): F.linear(row, weight, bias)
with torch.inference_mode(): kernel('linear [1, 64], 1000 calls', calls)
weight.requires_grad_(); kernel('linear [1, 64], 1000 calls recorded', calls)
p = torch.nn.Parameter(wave(4_000_000)); p.grad = wave(4_000_000, step=0.1); optimizer = torch.optim.AdamW([p], 1e-3)
kernel('AdamW 4M', optimizer.step, bytes=7 * 16e6)
