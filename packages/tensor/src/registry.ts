// The list of all primitives and fused ops. Backends' tables, the generated tests and the docs derive from it.
import type { AttrsOf } from './define';
import { geluOp, siluOp } from './fused/activations';
import { attentionOp } from './fused/attention';
import { crossEntropyOp } from './fused/cross-entropy';
import { dropoutOp } from './fused/dropout';
import { embeddingOp } from './fused/embedding';
import { linearOp } from './fused/linear';
import { linearHalfOp, widenHalfOp } from './fused/linear-half';
import { linearInt8Op } from './fused/linear-int8';
import { layerNormOp, rmsNormOp } from './fused/norm';
import { logSoftmaxOp, softmaxOp } from './fused/softmax';
import * as a from './ops/arithmetic';
import * as c from './ops/compare';
import { fill, iota } from './ops/create';
import * as i from './ops/indexing';
import { matmulOp } from './ops/matmul';
import * as r from './ops/reduce';
import { contiguousOp } from './ops/views';
import { whereOp } from './ops/where';

/** Every primitive, by name. A backend has a kernel for each. */
export const primitives = {
  neg: a.negOp,
  abs: a.absOp,
  sign: a.signOp,
  floor: a.floor,
  ceil: a.ceil,
  round: a.round,
  exp: a.exp,
  log: a.log,
  log1p: a.log1p,
  sqrt: a.sqrt,
  rsqrt: a.rsqrt,
  sin: a.sin,
  cos: a.cos,
  tanh: a.tanh,
  erf: a.erf,
  sigmoid: a.sigmoid,
  relu: a.relu,
  affine: a.affineOp,
  powScalar: a.powScalar,
  cast: a.castOp,
  add: a.addOp,
  sub: a.subOp,
  mul: a.mulOp,
  div: a.divOp,
  pow: a.powOp,
  maximum: a.maximumOp,
  minimum: a.minimumOp,
  mod: a.modOp,
  equal: c.equalOp,
  less: c.lessOp,
  lessEqual: c.lessEqualOp,
  logicalAnd: c.logicalAndOp,
  logicalOr: c.logicalOrOp,
  logicalNot: c.logicalNot,
  where: whereOp,
  sum: r.sumOp,
  max: r.maxOp,
  argmax: r.argmaxOp,
  cumsum: r.cumsumOp,
  argsort: i.argsortOp,
  matmul: matmulOp,
  gather: i.gatherOp,
  scatterAdd: i.scatterAddOp,
  take: i.takeOp,
  takeGrad: i.takeGradOp,
  concat: i.concatOp,
  pad: i.padOp,
  contiguous: contiguousOp,
  fill,
  iota,
};

/** Every fused op, by name. A backend may have kernels for it. */
export const fused = {
  linear: linearOp,
  linearInt8: linearInt8Op,
  linearHalf: linearHalfOp,
  widenHalf: widenHalfOp,
  embedding: embeddingOp,
  gelu: geluOp,
  silu: siluOp,
  softmax: softmaxOp,
  logSoftmax: logSoftmaxOp,
  layerNorm: layerNormOp,
  rmsNorm: rmsNormOp,
  crossEntropy: crossEntropyOp,
  dropout: dropoutOp,
  scaledDotProductAttention: attentionOp,
};

export type PrimitiveName = keyof typeof primitives;
export type FusedName = keyof typeof fused;

/** Attributes of each primitive. */
export type PrimitiveRows = { [K in PrimitiveName]: AttrsOf<(typeof primitives)[K]> };

/** Attributes of each fused op. */
export type FusedRows = { [K in FusedName]: AttrsOf<(typeof fused)[K]> };
