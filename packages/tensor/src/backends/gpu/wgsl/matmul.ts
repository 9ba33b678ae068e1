import type { Product } from '../kernels/product';
import { portableProduct } from '../kernels/product';
import type { WebGpuDevice } from '../webgpu-device';
export function tiledProduct(device: WebGpuDevice): Product {
  return portableProduct(device);
}
