/**
 * Python's pickle, protocols 0 to 5, read as data. A pickle is a program for a stack machine, and Python's own reader
 * lets it call anything; here a call is a question to `PickleHost`, which knows a handful of names and makes plain values.
 * Source: CPython's Lib/pickletools.py, which describes each opcode.
 */
import { FailureError } from '../core/failure.ts';
import { ByteCursor, EndOfBytes } from './byte-cursor.ts';
import { readScalar } from './pickle-scalars.ts';
import { isKind, itemsOf, makeDict, type PickleSequence, type PickleValue } from './pickle-values.ts';

/** What the pickle's owner knows of the names in it. */
export interface PickleHost {
  /** @returns what calling `name` makes, or null where it is not known */
  call(name: string, args: readonly PickleValue[]): PickleValue | null;
  /** @returns what lies outside the pickle under `id` */
  findPersistent(id: PickleValue): PickleValue;
}

/** Dictionaries, sequences and memo entries; ten times what the largest published checkpoints have. */
const maxObjects = 2_000_000;
const maxGlobalName = 256;

const invalid = (problem: string): FailureError =>
  new FailureError({ code: 'checkpoint-invalid', problem: `its pickle is damaged: ${problem}` });

class PickleMachine {
  private readonly cursor: ByteCursor;
  private readonly host: PickleHost;
  private readonly stack: PickleValue[] = [];
  /** Positions in the stack. */
  private readonly marks: number[] = [];
  private readonly memo = new Map<number, PickleValue>();
  private objects = 0;

  constructor(cursor: ByteCursor, host: PickleHost) {
    this.cursor = cursor;
    this.host = host;
  }

  run(): PickleValue {
    for (;;) {
      const code = this.cursor.uint8();
      if (code === 0x2e) return this.pop(); // STOP
      const scalar = readScalar(this.cursor, code);
      if (scalar !== undefined) this.push(scalar);
      else if (!this.build(code) && !this.refer(code))
        throw invalid(`the opcode 0x${code.toString(16).padStart(2, '0')} is not known`);
    }
  }

  private push(value: PickleValue): true {
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

  /** Every object costs memory of ours that the file need not have paid for. */
  private count(): void {
    if (++this.objects > maxObjects) throw invalid(`it has more than ${maxObjects} objects`);
  }

  private pushSequence(kind: PickleSequence['kind'], items: PickleValue[]): true {
    this.count();
    return this.push({ kind, items });
  }

  /** Puts keys and values, by turns, into the dictionary on top. Into something unknown: dropped with it. */
  private setItems(items: readonly PickleValue[]): true {
    const target = this.top();
    for (let i = 0; i + 1 < items.length && isKind(target, 'dict'); i += 2) {
      const key = items[i];
      if (typeof key === 'string' || typeof key === 'number' || typeof key === 'bigint')
        target.entries.set(String(key), items[i + 1] ?? null);
    }
    return true;
  }

  private append(items: readonly PickleValue[]): true {
    const target = this.top();
    if (typeof target === 'object' && target !== null && 'items' in target && target.kind !== 'tuple')
      for (const item of items) target.items.push(item);
    return true;
  }

  private call(callee: PickleValue, args: readonly PickleValue[]): true {
    this.count();
    const name = isKind(callee, 'global') || isKind(callee, 'opaque') ? callee.name : 'something unnamed';
    return this.push((isKind(callee, 'global') && this.host.call(name, args)) || { kind: 'opaque', name });
  }

  private pushGlobal(module: PickleValue, name: PickleValue): true {
    if (typeof module !== 'string' || typeof name !== 'string')
      throw invalid('a global is not named by text');
    if (module.length + name.length > maxGlobalName) throw invalid('the name of a global is too long');
    this.count();
    return this.push({ kind: 'global', name: `${module}.${name}` });
  }

  private remember(index: number): true {
    this.count();
    this.memo.set(index, this.top());
    return true;
  }

  private recall(index: number): true {
    const value = this.memo.get(index);
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
        // BUILD: an object's own state. That of what we know, such as a state dict's `_metadata`, is not needed.
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
        return this.remember(this.memo.size);
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

export interface PickleRead {
  readonly value: PickleValue;
  /** The offset behind the pickle. */
  readonly end: number;
}

/**
 * @returns what the pickle that begins at `begin` holds, or null where the bytes end before it does
 * @throws FailureError 'checkpoint-invalid' where it is no pickle
 */
export function readPickle(bytes: Uint8Array, begin: number, host: PickleHost): PickleRead | null {
  const cursor = new ByteCursor(bytes, begin);
  try {
    return { value: new PickleMachine(cursor, host).run(), end: cursor.offset };
  } catch (error) {
    if (error instanceof EndOfBytes) return null;
    throw error;
  }
}
