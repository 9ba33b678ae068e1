// Reads the pickle inside a PyTorch file: a machine that knows tensors, dictionaries and plain values. Nothing is ever
// called: a name that is none of a tensor's own is refused before anything happens.
// https://github.com/python/cpython/blob/main/Lib/pickletools.py, torch/_weights_only_unpickler.py
import { FormatError } from '../../errors';
import type { FileDType } from '../file-dtype';

/** A piece of the file that holds elements. */
export interface StorageRef {
  readonly kind: 'storage';
  readonly dtype: FileDType;
  /** The name of its file in the archive. */
  readonly key: string;
  /** Number of elements. */
  readonly size: number;
}

/** A tensor: a view of a storage, counted in elements. */
export interface TensorRef {
  readonly kind: 'tensor';
  readonly storage: StorageRef;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** One of the names that a pickle may ask for. */
interface Global {
  readonly kind: 'global';
  readonly name: string;
}

interface Tuple {
  readonly kind: 'tuple';
  readonly items: readonly Value[];
}

interface List {
  readonly kind: 'list';
  readonly items: Value[];
}

/** A dictionary. */
export interface Dict {
  readonly kind: 'dict';
  readonly entries: Map<Value, Value>;
}

/** What a pickle may hold. */
export type Value = null | boolean | number | string | Tuple | List | Dict | Global | StorageRef | TensorRef;

/** PyTorch's storage classes, and what their elements are in a file. */
const storages: Readonly<Record<string, FileDType>> = {
  'torch.DoubleStorage': 'F64',
  'torch.FloatStorage': 'F32',
  'torch.HalfStorage': 'F16',
  'torch.BFloat16Storage': 'BF16',
  'torch.LongStorage': 'I64',
  'torch.IntStorage': 'I32',
  'torch.ShortStorage': 'I16',
  'torch.CharStorage': 'I8',
  'torch.ByteStorage': 'U8',
  'torch.BoolStorage': 'BOOL',
};

const DICT = 'collections.OrderedDict';
const TENSOR = 'torch._utils._rebuild_tensor_v2';
const PARAMETER = 'torch._utils._rebuild_parameter';
const known: ReadonlySet<string> = new Set([DICT, TENSOR, PARAMETER, ...Object.keys(storages)]);

/** What stands on the stack where a group of values begins. */
const MARK = Symbol('mark');

/**
 * Reads a pickle.
 *
 * @param file what messages call it
 * @throws {FormatError} naming what it asks for besides tensors, or what is wrong with it.
 */
export function unpickle(file: string, bytes: Uint8Array): Value {
  return new Unpickler(file, bytes).run();
}

class Unpickler {
  private at = 0;
  private readonly stack: (Value | typeof MARK)[] = [];
  private readonly memo = new Map<number, Value>();
  private readonly view: DataView;

  /** What each instruction of a pickle does, by its code. Those that aren't here are refused. */
  private readonly instructions: Readonly<Record<number, () => void>> = {
    128: () => this.protocol(this.u8()), // PROTO
    149: () => this.skip(8), // FRAME
    40: () => this.stack.push(MARK), // MARK
    78: () => this.push(null), // NONE
    136: () => this.push(true), // NEWTRUE
    137: () => this.push(false), // NEWFALSE
    74: () => this.push(this.view.getInt32(this.skip(4), true)), // BININT
    75: () => this.push(this.u8()), // BININT1
    77: () => this.push(this.view.getUint16(this.skip(2), true)), // BININT2
    138: () => this.push(this.long(this.u8())), // LONG1
    71: () => this.push(this.view.getFloat64(this.skip(8), false)), // BINFLOAT
    140: () => this.push(this.text(this.u8())), // SHORT_BINUNICODE
    88: () => this.push(this.text(this.u32())), // BINUNICODE
    125: () => this.push({ kind: 'dict', entries: new Map() }), // EMPTY_DICT
    93: () => this.push({ kind: 'list', items: [] }), // EMPTY_LIST
    41: () => this.push({ kind: 'tuple', items: [] }), // EMPTY_TUPLE
    133: () => this.push({ kind: 'tuple', items: this.popMany(1) }), // TUPLE1
    134: () => this.push({ kind: 'tuple', items: this.popMany(2) }), // TUPLE2
    135: () => this.push({ kind: 'tuple', items: this.popMany(3) }), // TUPLE3
    116: () => this.push({ kind: 'tuple', items: this.popToMark() }), // TUPLE
    97: () => this.append(this.popMany(1)), // APPEND
    101: () => this.append(this.popToMark()), // APPENDS
    115: () => this.setItems(this.popMany(2)), // SETITEM
    117: () => this.setItems(this.popToMark()), // SETITEMS
    113: () => this.remember(this.u8()), // BINPUT
    114: () => this.remember(this.u32()), // LONG_BINPUT
    148: () => this.remember(this.memo.size), // MEMOIZE
    104: () => this.recall(this.u8()), // BINGET
    106: () => this.recall(this.u32()), // LONG_BINGET
    99: () => this.global([this.line(), this.line()]), // GLOBAL
    147: () => this.global(this.popMany(2)), // STACK_GLOBAL
    81: () => this.push(this.storage(this.pop())), // BINPERSID
    82: () => this.reduce(), // REDUCE
    98: () => this.build(), // BUILD
  };

  constructor(
    private readonly file: string,
    private readonly bytes: Uint8Array,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  run(): Value {
    for (;;) {
      const code = this.u8();
      if (code === 0x2e) return this.pop(); // STOP
      const instruction = this.instructions[code];
      if (instruction === undefined)
        throw this.fail(`uses the instruction 0x${code.toString(16)}, which no file of tensors needs`);
      instruction();
    }
  }

  private fail(problem: string): FormatError {
    return new FormatError(this.file, problem);
  }

  /** Moves on by `count` bytes and says where they began. */
  private skip(count: number): number {
    const from = this.at;
    if (from + count > this.bytes.length) throw this.fail('ends in the middle: it is cut off or damaged');
    this.at += count;
    return from;
  }

  private u8(): number {
    return this.bytes[this.skip(1)];
  }

  private u32(): number {
    return this.view.getUint32(this.skip(4), true);
  }

  private text(length: number): string {
    const from = this.skip(length);
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.bytes.subarray(from, this.at));
    } catch (cause) {
      throw new FormatError(this.file, 'holds a text that is not UTF-8', { cause });
    }
  }

  private line(): string {
    const end = this.bytes.indexOf(0x0a, this.at);
    if (end < 0) throw this.fail('ends in the middle: it is cut off or damaged');
    const text = this.text(end - this.at);
    this.at++;
    return text;
  }

  /** A signed little-endian integer of `length` bytes. */
  private long(length: number): number {
    if (length > 8) throw this.fail(`holds an integer of ${length} bytes`);
    const from = this.skip(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.bytes[from + i]);
    const signed = Number(BigInt.asIntN(8 * length, value));
    if (!Number.isSafeInteger(signed)) throw this.fail(`holds an integer beyond 2⁵³: ${value}`);
    return signed;
  }

  private push(value: Value): void {
    this.stack.push(value);
  }

  private pop(): Value {
    const value = this.stack.pop();
    if (value === undefined || value === MARK) throw this.fail('is damaged: it takes values that are not there');
    return value;
  }

  private popMany(count: number): Value[] {
    return Array.from({ length: count }, () => this.pop()).reverse();
  }

  private popToMark(): Value[] {
    const mark = this.stack.lastIndexOf(MARK);
    if (mark < 0) throw this.fail('is damaged: it ends a group that did not begin');
    const values = this.stack.splice(mark + 1);
    this.stack.pop();
    return values.filter((value) => value !== MARK);
  }

  private top(): Value {
    const value = this.pop();
    this.push(value);
    return value;
  }

  private append(values: readonly Value[]): void {
    const list = this.top();
    if (!isKind(list, 'list')) throw this.fail(`appends to ${describe(list)}`);
    for (const value of values) list.items.push(value);
  }

  private setItems(values: readonly Value[]): void {
    const dict = this.top();
    if (!isKind(dict, 'dict') || values.length % 2 !== 0) throw this.fail(`sets items of ${describe(dict)}`);
    for (let i = 0; i < values.length; i += 2) dict.entries.set(values[i], values[i + 1]);
  }

  private remember(place: number): void {
    this.memo.set(place, this.top());
  }

  private recall(place: number): void {
    const value = this.memo.get(place);
    if (value === undefined) throw this.fail('is damaged: it recalls what was never remembered');
    this.push(value);
  }

  private protocol(version: number): void {
    if (version > 5) throw this.fail(`is of protocol ${version}, which is not known`);
  }

  private global([module, name]: readonly Value[]): void {
    if (typeof module !== 'string' || typeof name !== 'string') throw this.fail('asks for something without a name');
    const whole = `${module}.${name}`;
    if (!known.has(whole)) throw this.fail(`asks for ${whole}: only tensors are read, nothing is ever run`);
    this.push({ kind: 'global', name: whole });
  }

  /** `('storage', torch.FloatStorage, '0', 'cpu', 6)` */
  private storage(id: Value): StorageRef {
    const [word, type, key, , size] = isKind(id, 'tuple') ? id.items : [];
    const dtype = isKind(type, 'global') ? storages[type.name] : undefined;
    if (word !== 'storage' || dtype === undefined || typeof key !== 'string' || !isSize(size))
      throw this.fail('refers to something outside that is no storage of a tensor');
    return { kind: 'storage', dtype, key, size };
  }

  private reduce(): void {
    const args = this.pop();
    const target = this.pop();
    const name = isKind(target, 'global') ? target.name : describe(target);
    const given = isKind(args, 'tuple') ? args.items : [];
    if (name === DICT && given.length === 0) this.push({ kind: 'dict', entries: new Map() });
    else if (name === TENSOR) this.push(this.tensor(given));
    else if (name === PARAMETER && isKind(given[0], 'tensor')) this.push(given[0]);
    else throw this.fail(`calls ${name} with what no tensor needs`);
  }

  /** `_rebuild_tensor_v2(storage, storage_offset, size, stride, requires_grad, backward_hooks, metadata)` */
  private tensor([storage, offset, size, stride]: readonly Value[]): TensorRef {
    const [shape, strides] = [sizesOf(size), sizesOf(stride)];
    if (!isKind(storage, 'storage') || !isSize(offset) || shape?.length !== strides?.length || !shape || !strides)
      throw this.fail(`calls ${TENSOR} with what no tensor needs`);
    return { kind: 'tensor', storage, offset, shape, strides };
  }

  /** State that a dictionary carries besides its items, such as the versions of modules: not needed. */
  private build(): void {
    this.pop();
    const target = this.top();
    if (!isKind(target, 'dict')) throw this.fail(`gives a state to ${describe(target)}`);
  }
}

/** Narrows a value to one of its kinds. */
export function isKind<K extends 'tuple' | 'list' | 'dict' | 'global' | 'storage' | 'tensor'>(
  value: Value | undefined,
  kind: K,
): value is Extract<Value, { readonly kind: K }> {
  return typeof value === 'object' && value !== null && value.kind === kind;
}

/** What messages call a value. */
export function describe(value: Value): string {
  if (value === null) return 'None';
  return typeof value === 'object' ? `a ${value.kind}` : `a ${typeof value}`;
}

function isSize(value: Value | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function sizesOf(value: Value | undefined): readonly number[] | null {
  return isKind(value, 'tuple') && value.items.every(isSize) ? (value.items as readonly number[]) : null;
}
