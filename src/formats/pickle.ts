/**
 * Python's pickle, protocols 0 to 5, read as data. A pickle is a program for a stack machine, and Python's own reader
 * lets it call anything; here a call goes to `PickleHost`, which knows a few names and makes plain values. Source:
 * CPython's Lib/pickletools.py, which describes each opcode.
 */
import { FailureError } from '../core/failure.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import { EndOfPart, EndOfWindow, type ByteCursor } from './byte-cursor.ts';
import { readScalar } from './pickle-scalars.ts';
import { isKind, itemsOf, makeDict, type PickleSequence, type PickleValue } from './pickle-values.ts';

/** Answers for the names in a pickle. */
export interface PickleHost {
  /** @returns what calling `name` makes, or null where it is not known */
  call(name: string, args: readonly PickleValue[]): PickleValue | null;
  /** @returns the object outside the pickle that `id` names */
  findPersistent(id: PickleValue): PickleValue;
}

/**
 * Dictionaries, sequences, names, bytes and calls: a list of all files of ImageNet has 1.3 million. More are an attack: each
 * takes memory here, but almost none in the file.
 */
const maxObjects = 4_000_000;
const maxMemos = 8_000_000;
/** In one list or dictionary. More plain values than this are somebody's data, and are dropped. */
const maxItems = 1_000_000;
const maxStack = 20_000_000;
const maxGlobalName = 256;

const invalid = (problem: string): FailureError =>
  new FailureError({ code: 'checkpoint-invalid', problem: `its pickle is damaged: ${problem}` });

const isScalar = (value: PickleValue): boolean => typeof value !== 'object' || value === null;

class PickleMachine {
  private readonly cursor: ByteCursor;
  private readonly host: PickleHost;
  private readonly stack: PickleValue[] = [];
  /** Positions in the stack. */
  private readonly marks: number[] = [];
  /** Python numbers its memo from 0 on; entries with other numbers are in `sparseMemo`. */
  private readonly memo: PickleValue[] = [];
  private readonly sparseMemo = new Map<number, PickleValue>();
  private objects = 0;

  constructor(cursor: ByteCursor, host: PickleHost) {
    this.cursor = cursor;
    this.host = host;
  }

  async run(): Promise<PickleValue> {
    for (;;) {
      // An opcode reads everything that it needs before it changes anything, so that it can be repeated.
      let begin = this.cursor.offset;
      try {
        for (;;) {
          begin = this.cursor.offset;
          if (this.step()) return this.pop();
        }
      } catch (error) {
        if (!(error instanceof EndOfWindow)) throw error;
      }
      await this.cursor.moveWindow(begin);
    }
  }

  /** Runs the next opcode. @returns whether it was the last */
  private step(): boolean {
    const code = this.cursor.uint8();
    if (code === 0x2e) return true; // STOP
    const scalar = readScalar(this.cursor, code);
    if (isKind(scalar, 'bytes')) this.count();
    if (scalar !== undefined) this.push(scalar);
    else if (!this.build(code) && !this.refer(code))
      throw invalid(`the opcode 0x${code.toString(16).padStart(2, '0')} is not known`);
    return false;
  }

  private push(value: PickleValue): true {
    if (this.stack.length >= maxStack) throw invalid('its stack is too high');
    this.stack.push(value);
    return true;
  }

  private pop(): PickleValue {
    return this.popLast(1)[0] ?? null;
  }

  private popLast(count: number): PickleValue[] {
    if (this.stack.length - count < (this.marks.at(-1) ?? 0)) throw invalid('its stack is empty');
    return this.stack.splice(this.stack.length - count);
  }

  private top(): PickleValue {
    const value = this.stack.length > (this.marks.at(-1) ?? 0) ? this.stack.at(-1) : undefined;
    if (value === undefined) throw invalid('its stack is empty');
    return value;
  }

  private popToMark(): PickleValue[] {
    const mark = this.marks.pop();
    if (mark === undefined) throw invalid('a mark is missing');
    return this.stack.splice(mark);
  }

  private count(): void {
    if (++this.objects > maxObjects) throw invalid(`it has more than ${maxObjects} objects`);
  }

  private pushSequence(kind: PickleSequence['kind'], items: PickleValue[]): true {
    this.count();
    return this.push({ kind, items });
  }

  /** Puts keys and values, by turns, into the dictionary on top. */
  private setItems(items: readonly PickleValue[]): true {
    const target = this.top();
    const dict = isKind(target, 'opaque') ? (target.dict ??= makeDict()) : target;
    for (let i = 0; i + 1 < items.length && isKind(dict, 'dict'); i += 2) {
      const key = items[i];
      const value = items[i + 1] ?? null;
      if (typeof key !== 'string' && typeof key !== 'number' && typeof key !== 'bigint') continue;
      if (dict.entries.size < maxItems || !isScalar(value)) dict.entries.set(String(key), value);
    }
    return true;
  }

  private append(items: readonly PickleValue[]): true {
    const target = this.top();
    if (typeof target === 'object' && target !== null && 'items' in target && target.kind !== 'tuple')
      for (const item of items)
        if (target.items.length < maxItems || !isScalar(item)) target.items.push(item);
    return true;
  }

  private call(callee: PickleValue, args: readonly PickleValue[]): true {
    this.count();
    const name = isKind(callee, 'global') || isKind(callee, 'opaque') ? callee.name : 'something unnamed';
    const made = isKind(callee, 'global') ? this.host.call(name, args) : null;
    return this.push(made ?? { kind: 'opaque', name });
  }

  private pushGlobal(module: PickleValue, name: PickleValue): true {
    if (typeof module !== 'string' || typeof name !== 'string')
      throw invalid('a global is not named by text');
    if (module.length + name.length > maxGlobalName) throw invalid('the name of a global is too long');
    this.count();
    return this.push({ kind: 'global', name: `${module}.${name}` });
  }

  private get remembered(): number {
    return this.memo.length + this.sparseMemo.size;
  }

  private remember(index: number): true {
    if (this.remembered >= maxMemos) throw invalid(`it remembers more than ${maxMemos} objects`);
    const value = this.top();
    if (index === this.memo.length) this.memo.push(value);
    else if (Number.isInteger(index) && index >= 0 && index < this.memo.length) this.memo[index] = value;
    else this.sparseMemo.set(index, value);
    return true;
  }

  private recall(index: number): true {
    const dense = this.memo[index];
    const value = dense === undefined ? this.sparseMemo.get(index) : dense;
    if (value === undefined) throw invalid('it refers to something that it does not have');
    return this.push(value);
  }

  /** Containers and what is put into them. @returns whether `code` is one of these */
  private build(code: number): boolean {
    switch (code) {
      case 0x28: // MARK
        this.marks.push(this.stack.length);
        return true;
      case 0x5d: // EMPTY_LIST
        return this.pushSequence('list', []);
      case 0x29: // EMPTY_TUPLE
        return this.pushSequence('tuple', []);
      case 0x8f: // EMPTY_SET
        return this.pushSequence('set', []);
      case 0x7d: // EMPTY_DICT
        this.count();
        return this.push(makeDict());
      case 0x6c: // LIST
        return this.pushSequence('list', this.popToMark());
      case 0x74: // TUPLE
        return this.pushSequence('tuple', this.popToMark());
      case 0x91: // FROZENSET
        return this.pushSequence('set', this.popToMark());
      case 0x85: // TUPLE1
        return this.pushSequence('tuple', this.popLast(1));
      case 0x86: // TUPLE2
        return this.pushSequence('tuple', this.popLast(2));
      case 0x87: // TUPLE3
        return this.pushSequence('tuple', this.popLast(3));
      case 0x64: {
        // DICT
        const items = this.popToMark();
        this.count();
        this.push(makeDict());
        return this.setItems(items);
      }
      case 0x73: // SETITEM
        return this.setItems(this.popLast(2));
      case 0x75: // SETITEMS
        return this.setItems(this.popToMark());
      case 0x61: // APPEND
        return this.append(this.popLast(1));
      case 0x65: // APPENDS
      case 0x90: // ADDITEMS
        return this.append(this.popToMark());
      case 0x62: {
        // BUILD: an object's state. The state of known objects, such as a state dict's `_metadata`, is not needed.
        const state = this.pop();
        const target = this.top();
        if (isKind(target, 'opaque')) target.state = state;
        return true;
      }
      default:
        return false;
    }
  }

  /** The stack itself, the memo, globals and calls. @returns whether `code` is one of these */
  private refer(code: number): boolean {
    const { cursor } = this;
    switch (code) {
      case 0x80: // PROTO
        if (cursor.uint8() > 5) throw invalid('its protocol is newer than 5');
        return true;
      case 0x95: // FRAME
        cursor.uint64();
        return true;
      case 0x98: // READONLY_BUFFER
        return true;
      case 0x30: // POP
        if (this.stack.length > 0 && this.marks.at(-1) === this.stack.length) this.marks.pop();
        else this.pop();
        return true;
      case 0x31: // POP_MARK
        this.popToMark();
        return true;
      case 0x32: // DUP
        return this.push(this.top());
      case 0x70: // PUT
        return this.remember(cursor.numberLine());
      case 0x71: // BINPUT
        return this.remember(cursor.uint8());
      case 0x72: // LONG_BINPUT
        return this.remember(cursor.uint32());
      case 0x94: // MEMOIZE
        return this.remember(this.remembered);
      case 0x67: // GET
        return this.recall(cursor.numberLine());
      case 0x68: // BINGET
        return this.recall(cursor.uint8());
      case 0x6a: // LONG_BINGET
        return this.recall(cursor.uint32());
      case 0x63: // GLOBAL
        return this.pushGlobal(cursor.line(), cursor.line());
      case 0x93: {
        // STACK_GLOBAL
        const name = this.pop();
        return this.pushGlobal(this.pop(), name);
      }
      case 0x50: // PERSID
        return this.push(this.host.findPersistent(cursor.line()));
      case 0x51: // BINPERSID
        this.count();
        return this.push(this.host.findPersistent(this.pop()));
      case 0x52: // REDUCE
      case 0x81: {
        // NEWOBJ
        const args = itemsOf(this.pop()) ?? [];
        return this.call(this.pop(), args);
      }
      case 0x92: {
        // NEWOBJ_EX: the keyword arguments are dropped
        this.pop();
        const args = itemsOf(this.pop()) ?? [];
        return this.call(this.pop(), args);
      }
      case 0x69: {
        // INST
        const callee = { kind: 'global', name: `${cursor.line()}.${cursor.line()}` } as const;
        return this.call(callee, this.popToMark());
      }
      case 0x6f: {
        // OBJ
        const [callee = null, ...args] = this.popToMark();
        return this.call(callee, args);
      }
      default:
        return false;
    }
  }
}

/**
 * @param cursor stands at the pickle's first byte; behind its last one when it has been read
 * @returns the value, or a failure where the bytes end too early
 * @throws FailureError 'checkpoint-invalid' where it is not a pickle
 */
export async function readPickle(
  cursor: ByteCursor,
  host: PickleHost,
): Promise<Result<PickleValue, 'cut-short'>> {
  try {
    return succeed(await new PickleMachine(cursor, host).run());
  } catch (error) {
    if (error instanceof EndOfPart) return fail('cut-short');
    throw error;
  }
}
