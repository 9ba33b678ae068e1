# PyTorch's process of the speed suite. The same weights and inputs as shared.mjs makes, number by number.
import argparse, json, math, os, resource, statistics, time, warnings
import numpy as np, torch, torch.nn.functional as F

warnings.filterwarnings('ignore')
VOCABULARY = 8192
WORKLOADS = dict(
    tiny=(32, 64, 64, 4, 2, 2, False), small=(32, 128, 128, 4, 4, 2, False), base=(8, 256, 256, 8, 6, 2, False),
    decoder=(16, 256, 256, 8, 6, VOCABULARY, True), bert=(8, 128, 768, 12, 12, 2, False),
    gpt2=(1, 1024, 768, 12, 12, 50257, True))
PROMPT = LENGTH = 32  # of the generating workload, whose head is the embedding's table
now = time.process_time if os.environ.get('HEDDLE_BENCH_CLOCK') == 'processor' else time.perf_counter
parser = argparse.ArgumentParser()
parser.add_argument('--load', default='tiny'); parser.add_argument('--modes', default='train,infer,infer1')
parser.add_argument('--threads', type=int, default=1); parser.add_argument('--device', default='cpu'); parser.add_argument('--seconds', type=float, default=1)
args = parser.parse_args()
torch.set_num_threads(args.threads)
if args.device != 'cpu': torch.set_default_device(args.device)
B, T, D, H, L, OUT, CAUSAL = WORKLOADS[args.load]


def mixed(x):  # the finaliser of MurmurHash3, on uint32
    x = x.astype(np.uint32)
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    x = (x ^ (x >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return x ^ (x >> np.uint32(16))


def values(p, name, shape):
    size = int(np.prod(shape))
    kind = name.split('.')[-1]
    scale = 1 if kind == 'tok' else 1 / math.sqrt(shape[1]) if len(shape) == 2 and kind != 'pos' else 0.1
    shift = 1 if kind.startswith('n') and len(shape) == 1 and kind.endswith('w') else 0
    index = np.arange(1, size + 1, dtype=np.uint32) * np.uint32(0x9E3779B1) + np.uint32(p * 7919)
    x = shift + scale * (mixed(index).astype(np.float64) / 2 ** 31 - 1)
    return torch.tensor(x.astype(np.float32).reshape(shape), requires_grad=True)


GENERATES = args.load == 'gpt2'
names = [('tok', (OUT if GENERATES else VOCABULARY, D)), ('pos', (T, D))]
for i in range(L):
    own = dict(n1w=(D,), n1b=(D,), qkvw=(3 * D, D), qkvb=(3 * D,), ow=(D, D), ob=(D,), n2w=(D,), n2b=(D,),
               upw=(4 * D, D), upb=(4 * D,), downw=(D, 4 * D), downb=(D,))
    names += [(f'{i}.{k}', s) for k, s in own.items()]
names += [('normw', (D,)), ('normb', (D,))] + ([] if GENERATES else [('headw', (OUT, D)), ('headb', (OUT,))])
P = {name: values(p, name, shape) for p, (name, shape) in enumerate(names)}
ids = torch.tensor((mixed(np.arange(B * T, dtype=np.uint32) + np.uint32(123456789)) % VOCABULARY).astype(np.int64)).reshape(B, T)
y = ids.flatten().roll(-1) if CAUSAL else torch.arange(B) % 2
mask = torch.full((T, T), -math.inf).triu(1) if CAUSAL else None


def attend_all(_, q, k, v):
    s = q @ k.transpose(-2, -1) / math.sqrt(D // H)
    return torch.softmax(s if mask is None else s + mask, -1) @ v


def forward(x):
    x = F.embedding(x, P['tok']) + P['pos']
    for i in range(L): x = layer(x, i, attend_all)
    x = F.layer_norm(x, (D,), P['normw'], P['normb'])
    return F.linear(x, P['headw'], P['headb']).reshape(-1, OUT) if CAUSAL else F.linear(x.mean(1), P['headw'], P['headb'])


def layer(x, i, attend):
    w = lambda name: P[f'{i}.{name}']
    h = F.layer_norm(x, (D,), w('n1w'), w('n1b'))
    q, k, v = F.linear(h, w('qkvw'), w('qkvb')).reshape(*x.shape[:2], 3, H, D // H).permute(2, 0, 3, 1, 4).unbind(0)
    x = x + F.linear(attend(i, q, k, v).transpose(1, 2).reshape(x.shape), w('ow'), w('ob'))
    h = F.layer_norm(x, (D,), w('n2w'), w('n2b'))
    return x + F.linear(F.gelu(F.linear(h, w('upw'), w('upb'))), w('downw'), w('downb'))


def generate():
    ids = (mixed(np.arange(PROMPT, dtype=np.uint32) + np.uint32(123456789)) % OUT).astype(np.int64).tolist()
    found, held, past = [], [None] * L, 0

    def attend(i, q, k, v):
        if held[i] is not None: k, v = torch.cat([held[i][0], k], 2), torch.cat([held[i][1], v], 2)
        held[i] = (k, v)
        s = q @ k.transpose(-2, -1) / math.sqrt(D // H)
        if q.shape[2] > 1: s = s + torch.full(s.shape[2:], -math.inf).triu(1 + past)
        return torch.softmax(s, -1) @ v

    while len(found) < LENGTH:
        x = F.embedding(torch.tensor([ids]), P['tok']) + P['pos'][past:past + len(ids)]
        for i in range(L): x = layer(x, i, attend)
        past += len(ids)
        last = F.layer_norm(x[:, -1], (D,), P['normw'], P['normb'])
        ids = [int(F.linear(last, P['tok']).argmax())]
        found += ids
    return found


def measure(mode, run, check, part=1):
    first = time.perf_counter()
    run(); run()
    while time.perf_counter() < first + args.seconds / 2: run()
    times, end = [], time.perf_counter() + args.seconds
    while len(times) < 3 or (time.perf_counter() < end and len(times) < 400):
        start = now(); run(); times.append((now() - start) * 1e3 / part)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps(dict(workload=args.load, mode=mode, medianMs=statistics.median(times), minMs=min(times), maxMs=max(times),
                          runs=len(times), peakBytes=peak, check=check())), flush=True)


gpu = torch.cuda.get_device_name() if args.device == 'cuda' else None
print(json.dumps(dict(ran=dict(torch=torch.__version__, device=gpu or 'cpu', threads=args.threads, config=torch.__config__.show().split('\n')[-2].strip()[:200]))))
for mode in args.modes.split(','):
    if mode == 'train':
        optimizer, losses = torch.optim.Adam(P.values(), 1e-3), []
        def step():
            optimizer.zero_grad(set_to_none=True)
            loss = F.cross_entropy(forward(ids), y)
            loss.backward(); optimizer.step(); losses.append(loss.item())
        measure(mode, step, lambda: losses[:3])
    elif mode == 'generate':
        with torch.inference_mode():
            found = []
            def write(): found[:] = generate()
            measure(mode, write, lambda: found[:8], LENGTH)
    else:
        x = ids[:1] if mode == 'infer1' else ids
        with torch.inference_mode():
            out = []
            def infer(): out[:] = forward(x).flatten()[:4].tolist()
            measure(mode, infer, lambda: out)
