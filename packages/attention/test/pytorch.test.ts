// Attention, layers and stacks against torch.nn: outputs, weights, losses and the gradient of every parameter.
import { type AnyTensor, init, type Tensor } from '@heddle/tensor';
import { beforeAll, describe, it } from 'vitest';
import { Decoder, DecoderLayer, Encoder, EncoderLayer, Inspection, MultiHeadAttention } from '../src/index';
import { casesOf, expectClose, expectParity } from './support/fixture';

interface AttentionCase {
  readonly dim: number;
  readonly numHeads: number;
  readonly bias?: boolean;
  readonly causal?: boolean;
}

interface StackCase {
  readonly dim: number;
  readonly numHeads: number;
  readonly hiddenDim: number;
  readonly preNorm: boolean;
  readonly activation: 'relu' | 'gelu';
  readonly eps: number;
  readonly causal?: boolean;
  readonly numLayers?: number;
  readonly finalNorm?: boolean;
}

/** The fixtures mark padding with 1, as PyTorch does; we mark real tokens. */
const real = (padding: AnyTensor | undefined): AnyTensor | undefined => padding?.logicalNot();
const floats = (t: AnyTensor | undefined): Tensor | undefined => t as Tensor | undefined;
const settings = ({ dim, numHeads, hiddenDim, preNorm, activation, eps }: StackCase) =>
  ({ dim, heads: numHeads, hiddenDim, placement: preNorm ? 'pre' : 'post', activation, eps }) as const;

describe.each(['reference', 'wasm'] as const)('on %s', (backend) => {
  beforeAll(async () => {
    await init({ backend });
  });

  describe('multi-head attention', () => {
    for (const fixture of casesOf<AttentionCase>('multi-head-attention')) {
      const { dim, numHeads, bias, causal } = fixture.config;
      const run = (attention: MultiHeadAttention, inputs: Readonly<Record<string, AnyTensor>>, inspect?: Inspection) =>
        attention.call(inputs['x'] as Tensor, {
          memory: floats(inputs['memory']),
          values: floats(inputs['value']),
          paddingMask: real(inputs['keyPadding'] ?? inputs['memoryKeyPadding']),
          causal,
          inspect,
        });

      it(fixture.name, async () => {
        const attention = new MultiHeadAttention({ dim, heads: numHeads, bias });
        await expectParity(fixture, attention, (inputs) => run(attention, inputs));
      });

      it(`${fixture.name}, with its weights`, async () => {
        const attention = new MultiHeadAttention({ dim, heads: numHeads, bias });
        const inspect = new Inspection();
        await expectParity(fixture, attention, (inputs) => run(attention, inputs, inspect));
        const [weights] = [...inspect.attentions, ...inspect.crossAttentions];
        await expectClose(weights, fixture.outputs['weights'], 'weights');
        inspect.dispose();
      });
    }
  });

  describe('encoder', () => {
    for (const fixture of casesOf<StackCase>('encoder')) {
      it(fixture.name, async () => {
        const { config } = fixture;
        const options = settings(config);
        const module =
          config.numLayers === undefined
            ? new EncoderLayer(options)
            : new Encoder({ ...options, layers: config.numLayers, finalNorm: config.finalNorm });
        await expectParity(fixture, module, (inputs) =>
          module.call(inputs['x'] as Tensor, { paddingMask: real(inputs['keyPadding']), causal: config.causal }),
        );
      });
    }
  });

  describe('decoder', () => {
    for (const fixture of casesOf<StackCase>('decoder')) {
      it(fixture.name, async () => {
        const { config } = fixture;
        const options = { ...settings(config), cross: true };
        const module =
          config.numLayers === undefined
            ? new DecoderLayer(options)
            : new Decoder({ ...options, layers: config.numLayers, finalNorm: config.finalNorm });
        await expectParity(fixture, module, (inputs) =>
          module.call(inputs['x'] as Tensor, {
            memory: floats(inputs['memory']),
            paddingMask: real(inputs['keyPadding']),
            memoryPaddingMask: real(inputs['memoryKeyPadding']),
          }),
        );
      });
    }
  });

  describe('norms on both sides, gated, with masks of every kind', () => {
    for (const fixture of casesOf<{ readonly cross: boolean }>('sandwich')) {
      it(fixture.name, async () => {
        const { cross } = fixture.config;
        const settings = {
          dim: 8,
          heads: 2,
          hiddenDim: 12,
          placement: 'sandwich',
          activation: 'silu',
          gated: true,
        } as const;
        const module = cross ? new DecoderLayer({ ...settings, cross }) : new EncoderLayer(settings);
        await expectParity(fixture, module, (inputs) => {
          const x = inputs['x'] as Tensor;
          return module instanceof DecoderLayer
            ? module.call(x, {
                memory: floats(inputs['memory']),
                memoryPaddingMask: real(inputs['memoryKeyPadding']),
              })
            : module.call(x, { mask: inputs['added'] ?? inputs['pairsPadding'] });
        });
      });
    }
  });
});
