// The WebGPU device that gpu.js shares, asked for with more than the defaults. gpu.js names two limits itself; buffers
// that a kernel binds are not among them.
/// <reference types="@webgpu/types" />
import type { GpuJs, WebGpuContext } from './gpujs';

/** Acquires gpu.js's device with as many bindings as the adapter has. Where it runs already it is taken as it is. */
export async function acquireContext({ WebGPUContext }: GpuJs): Promise<WebGpuContext> {
  const { gpu } = navigator;
  const request = gpu.requestAdapter.bind(gpu);
  const asked: GPU['requestAdapter'] = async (options) => {
    const adapter = await request({ powerPreference: 'high-performance', ...options });
    return adapter === null ? null : generous(adapter);
  };
  Object.defineProperty(gpu, 'requestAdapter', { value: asked, configurable: true });
  try {
    return await WebGPUContext.acquire();
  } finally {
    Reflect.deleteProperty(gpu, 'requestAdapter');
  }
}

function generous(adapter: GPUAdapter): GPUAdapter {
  const request = adapter.requestDevice.bind(adapter);
  const { maxStorageBuffersPerShaderStage } = adapter.limits;
  const asked: GPUAdapter['requestDevice'] = (descriptor = {}) =>
    request({ ...descriptor, requiredLimits: { ...descriptor.requiredLimits, maxStorageBuffersPerShaderStage } });
  Object.defineProperty(adapter, 'requestDevice', { value: asked, configurable: true });
  return adapter;
}
