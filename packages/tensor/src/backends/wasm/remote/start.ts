// Starting an engine in a worker of its own, from a browser's page.
import type { Backend } from '../../backend';
import { chooseSimd, type EngineOptions } from '../engine/engine';
import { loadModule } from '../engine/module';
import { type Reply, type Setup, unpackError } from './protocol';
import { remoteBackend } from './remote-backend';

/**
 * Makes a backend whose engine runs in a worker; null where no worker starts, say because a content policy forbids it.
 *
 * @throws {BackendError} where the kernels are not found, or can't be compiled.
 */
export async function startRemote(options: EngineOptions): Promise<Backend<number> | null> {
  // Here, since the page knows where its modules are; a compiled module can be sent.
  const module = await loadModule(chooseSimd(options.simd ?? 'auto'), true, options.wasmUrl);
  const { program, threads } = await programs(options.workerUrl);
  let worker: Worker;
  try {
    worker = new Worker(program);
  } catch {
    return null;
  }
  const post = (message: unknown, transfer: Transferable[] = []): void => worker.postMessage(message, transfer);
  const { backend, receive, end } = remoteBackend({ post, close: () => worker.terminate() });
  const { maxBytes } = options;
  const setup: Setup = {
    options: {
      module,
      shared: true,
      blas: 'off',
      workerUrl: threads,
      threads: options.threads ?? 'auto',
      ...(maxBytes === undefined ? {} : { maxBytes }),
    },
  };
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<Reply>) => {
      receive(data);
      if (data.kind === 'started') resolve(backend);
      if (data.kind === 'failed') reject(unpackError(data.error));
    };
    worker.onerror = () => {
      end('the worker of the engine has ended: init() starts another');
      worker.terminate();
      resolve(null);
    };
    post(setup);
  });
}

/** Addresses of the engine's program and of its threads': inlined, or files beside each other. */
async function programs(workerUrl: string | URL | undefined): Promise<{ program: string; threads: string }> {
  if (workerUrl !== undefined) {
    const threads = new URL(workerUrl, globalThis.location.href);
    return { program: new URL('engine.js', threads).href, threads: threads.href };
  }
  const [{ engineSource }, { workerSource }] = await Promise.all([
    import('../generated/engine'),
    import('../generated/worker'),
  ]);
  const address = (source: string): string => URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  return { program: address(engineSource), threads: address(workerSource) };
}
