// The allocator, by properties: blocks never overlap, freed memory comes back, growth is bounded, limits are kept.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Allocator } from '../../src/backends/wasm/engine/allocator';
import { LinearMemory } from '../../src/backends/wasm/engine/memory';
import { OutOfMemory } from '../../src/errors';

const MB = 1 << 20;

function make(limit = 1 << 30): { memory: LinearMemory; allocator: Allocator } {
  const memory = new LinearMemory(false, MB);
  return { memory, allocator: new Allocator(memory, 1000, limit) };
}

test('blocks are aligned, never overlap, keep their content, and all come back', () => {
  const step = fc.record({ bytes: fc.oneof(fc.nat(300), fc.nat(200_000), fc.nat(3 * MB)), free: fc.nat() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const { memory, allocator } = make();
      const live: { address: number; bytes: number; tag: number }[] = [];
      const check = (block: (typeof live)[number]): void => {
        const first = block.address;
        for (const at of block.bytes === 0 ? [] : [first, first + block.bytes - 1])
          expect(memory.u8[at]).toBe(block.tag);
      };
      steps.forEach(({ bytes, free }, i) => {
        const block = { address: allocator.alloc(bytes), bytes, tag: (i % 255) + 1 };
        expect(block.address % 64).toBe(0);
        memory.u8.fill(block.tag, block.address, block.address + bytes);
        live.push(block);
        if (free % 2 === 1) {
          const [gone] = live.splice(free % live.length, 1);
          check(gone);
          allocator.free(gone.address);
        }
        expect(allocator.liveBuffers).toBe(live.length);
        expect(allocator.liveBytes).toBe(live.reduce((sum, b) => sum + b.bytes, 0));
      });
      const sorted = [...live].sort((a, b) => a.address - b.address);
      for (let i = 1; i < sorted.length; i++) {
        expect(sorted[i].address).toBeGreaterThanOrEqual(sorted[i - 1].address + sorted[i - 1].bytes);
      }
      for (const block of live) {
        check(block);
        allocator.free(block.address);
      }
      expect(allocator.liveBytes).toBe(0);
      // All of it is one block again: the largest that fits below the memory's end needs no growth.
      const end = memory.bytes;
      allocator.free(allocator.alloc(end - 2 * 65_536 - (end >> 3)));
      expect(memory.bytes).toBe(end);
    }),
    { numRuns: 60 },
  );
});

test('sizes that change from step to step do not use the memory up', () => {
  const { memory, allocator } = make();
  let largest = 0;
  for (let step = 0; step < 500; step++) {
    const rows = 16 + ((step * 37) % 113);
    const blocks = [64, 256, 1024, 64, 192].map((columns) => allocator.alloc(rows * columns * 16));
    const kept = allocator.alloc(100);
    for (const address of blocks) allocator.free(address);
    allocator.free(kept);
    if (step === 120) largest = memory.bytes;
  }
  expect(memory.bytes).toBe(largest);
  expect(allocator.liveBuffers).toBe(0);
});

describe('limits', () => {
  test('names the request, what is live and the limit, before the limit is hit', () => {
    const { allocator, memory } = make(8 * MB);
    const kept = allocator.alloc(5 * MB);
    const error = (() => {
      try {
        allocator.alloc(4 * MB);
      } catch (e) {
        return e;
      }
      return null;
    })();
    expect(error).toBeInstanceOf(OutOfMemory);
    expect(error).toMatchObject({ requestedBytes: 4 * MB, liveBytes: 5 * MB, limitBytes: 8 * MB });
    expect(memory.bytes).toBeLessThanOrEqual(8 * MB);
    allocator.free(kept);
    allocator.free(allocator.alloc(6 * MB));
  });

  test('more than there can ever be', () => {
    expect(() => make().allocator.alloc(2 ** 40)).toThrow(OutOfMemory);
  });

  test('an address that is not live', () => {
    const { allocator } = make();
    const address = allocator.alloc(100);
    allocator.free(address);
    expect(() => allocator.free(address)).toThrow('no live buffer');
    expect(() => allocator.free(0)).toThrow('no live buffer');
  });

  test('counts the peak', () => {
    const { allocator } = make();
    allocator.free(allocator.alloc(3000));
    allocator.alloc(1000);
    expect(allocator.peakBytes).toBe(3000);
  });
});
