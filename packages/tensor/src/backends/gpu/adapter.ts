// The WebGPU device that gpu.js shares, asked for with more than the defaults. gpu.js names two limits itself; buffers
// that a kernel binds are not among them.
/// <reference types="@webgpu/types" />
import { type DeviceFacts, isSoftware } from './device';
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

/** What a device says about itself. */
export function factsOf({ adapter, device }: WebGpuContext): DeviceFacts {
  const { info, limits } = { info: adapter.info, limits: device.limits };
  // Browsers say little: some of them nothing but the vendor.
  const name = [info.description, info.device, info.architecture, info.vendor].find((part) => part !== '');
  const all = [info.vendor, info.architecture, info.device, info.description].join(' ');
  return {
    adapter: name ?? 'unknown',
    vendor: info.vendor || 'unknown',
    software: isSoftware(all) || info.isFallbackAdapter === true,
    limits: {
      maxBufferSize: limits.maxBufferSize,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
    },
  };
}
