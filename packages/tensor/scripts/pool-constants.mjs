// Turns the vector constants of a module into loads from one table. V8 makes a constant anew wherever it is used, with
// three instructions of which two wait for the same port: a polynomial then spends more on its coefficients than on its
// arithmetic. A load is one instruction (measured: gelu 6.7 → 3.9 ns for four floats, with relaxed SIMD 5.3 → 2.8).
import { createRequire } from 'node:module';
import { hoistConstants } from './hoist-constants.mjs';

const require = createRequire(createRequire(import.meta.url).resolve('assemblyscript/package.json'));
const CONSTANT = /\(v128\.const i32x4 (0x\w+) (0x\w+) (0x\w+) (0x\w+)\)/g;
const ROOM = 512;

/** Rewrites a module that exports `constants()`, the address of its table, which is still empty. */
export async function poolConstants(binary) {
  const { default: binaryen } = await import(require.resolve('binaryen'));
  const source = binaryen.readBinary(binary);
  source.setFeatures(binaryen.Features.All);
  const text = source.emitText();
  const [, name] = /\(export "constants" \(func (\S+)\)\)/.exec(text);
  const body = text.slice(text.indexOf(`(func ${name} `));
  const base = Number(/\(i32\.const (\d+)\)/.exec(body)[1]);
  const table = new Map();
  const loads = text.replace(CONSTANT, (constant, ...match) => {
    const words = match.slice(0, 4).map(Number);
    // All zeros and all ones are one instruction each.
    if (words.every((word) => word === 0) || words.every((word) => word === 0xffffffff)) return constant;
    const key = words.join();
    if (!table.has(key)) table.set(key, table.size);
    return `(v128.load offset=${base + 16 * table.get(key)} (i32.const 0))`;
  });
  if (table.size > ROOM) throw new Error(`${table.size} vector constants: make room for them in assembly/engine.ts`);
  const bytes = Buffer.from(Uint32Array.from([...table.keys()].flatMap((key) => key.split(',').map(Number))).buffer);
  const data = [...bytes].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('');
  const filled = loads.replace(
    new RegExp(`\\(i32\\.const ${base}\\) "(\\\\00)+"`),
    () => `(i32.const ${base}) "${data}"`,
  );
  if (table.size > 0 && !filled.includes(data)) throw new Error('the table of constants is not where constants() says');
  const result = binaryen.parseText(hoistConstants(filled));
  result.setFeatures(binaryen.Features.All);
  if (!result.validate()) throw new Error('the rewritten module is not valid');
  return result.emitBinary();
}
