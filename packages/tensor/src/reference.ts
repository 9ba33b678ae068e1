// The subpath @heddle/tensor/reference: the float64 backend, for tests of one's own ops and layers.
export { createReference } from './backends/reference/index';
