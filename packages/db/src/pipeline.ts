import type pg from 'pg';

/** A parameter: a text, or a one-dimensional array that PostgreSQL reads without parsing. */
export type StepValue = string | null | { texts: readonly string[] } | { ints: readonly (number | null)[] };

/** A named statement; its text never changes under its name. */
export interface Step {
  name: string;
  text: string;
  values: readonly StepValue[];
}

/** What a step answered: the first column of its last row as text, and how many rows it wrote or read. */
export interface StepAnswer {
  value: string | null;
  count: number;
}

/** What pg lets a query of one's own see of its connection (pg's `Submittable`, as pg-cursor uses it). */
interface Wire {
  stream: NodeJS.WritableStream;
  parse(statement: { name: string; text: string }): void;
  sync(): void;
}

/** The messages that pg hands to whatever it runs. Those that no step of ours causes do nothing. */
abstract class Submitted {
  #settle: ((error?: Error) => void) | undefined;
  readonly done = new Promise<void>((resolve, reject) => {
    this.#settle = (error) => (error === undefined ? resolve() : reject(error));
  });
  abstract submit(connection: pg.Connection): void;
  handleError(error: Error): void {
    this.#settle?.(error);
  }
  handleReadyForQuery(): void {
    this.#settle?.();
  }
  handleRowDescription(): void {}
  handleDataRow(_message: { fields: (string | null)[] }): void {}
  handleCommandComplete(_message: { text: string }): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
  handleCopyInResponse(): void {}
  handleCopyData(): void {}
}

/** Has the server parse a statement, and nothing else; once for each connection. */
export class Preparation extends Submitted {
  readonly name: string;
  readonly text: string;
  constructor({ name, text }: Step) {
    super();
    this.name = name;
    this.text = text;
  }
  submit(connection: pg.Connection): void {
    const wire = connection as unknown as Wire;
    wire.parse(this);
    wire.sync();
  }
}

/**
 * Steps that were prepared on the connection, in one transaction of their own: sent as one piece of memory, with one Sync behind
 * them all, so that they are one round trip and one commit, and none of them is done where one fails. Their columns are known, so that no
 * description of them is asked for. pg's own queries take one statement at a time, and cost several writes and a description for each.
 */
export class Pipeline extends Submitted {
  readonly steps: readonly Step[];
  readonly answers: StepAnswer[] = [];
  readonly #bytes: Buffer;
  #value: string | null = null;
  constructor(steps: readonly Step[]) {
    super();
    this.steps = steps;
    // Here, and not when it is its turn: what cannot be written must not leave the connection waiting for an answer.
    this.#bytes = encode(steps);
  }
  submit(connection: pg.Connection): void {
    (connection as unknown as Wire).stream.write(this.#bytes);
  }
  override handleDataRow({ fields }: { fields: (string | null)[] }): void {
    this.#value = fields[0] ?? null;
  }
  override handleCommandComplete({ text }: { text: string }): void {
    // "INSERT 0 5", "UPDATE 3", "SELECT 1"
    this.answers.push({ value: this.#value, count: Number(text.slice(text.lastIndexOf(' ') + 1)) || 0 });
    this.#value = null;
  }
}

const execute = Buffer.from([0x45, 0, 0, 0, 9, 0, 0, 0, 0, 0]);
const sync = Buffer.from([0x53, 0, 0, 0, 4]);
const textOid = 25;
const intOid = 23;

/** Bind and Execute of each, then Sync (https://www.postgresql.org/docs/current/protocol-message-formats.html). */
export function encode(steps: readonly Step[]): Buffer {
  // A character is three bytes at most, so that nothing has to be measured twice.
  let most = sync.length;
  for (const { name, values } of steps) {
    most += 20 + 3 * name.length + execute.length;
    for (const value of values) most += 6 + mostBytes(value);
  }
  const out = Buffer.allocUnsafe(most);
  let at = 0;
  const int32 = (value: number) => {
    at = out.writeInt32BE(value, at);
  };
  const int16 = (value: number) => {
    at = out.writeInt16BE(value, at);
  };
  const sized = (write: () => void) => {
    const from = at;
    at += 4;
    write();
    out.writeInt32BE(at - from - 4, from);
  };
  const utf8 = (text: string) => {
    at += out.write(text, at);
  };
  const array = (oid: number, length: number, hasNulls: boolean) => {
    int32(1);
    int32(hasNulls ? 1 : 0);
    int32(oid);
    int32(length);
    int32(1);
  };
  const value = (given: StepValue) => {
    if (given === null) return int32(-1);
    if (typeof given === 'string') return sized(() => utf8(given));
    sized(() => {
      if ('texts' in given) {
        array(textOid, given.texts.length, false);
        for (const text of given.texts) sized(() => utf8(text));
        return;
      }
      array(intOid, given.ints.length, given.ints.includes(null));
      for (const int of given.ints) {
        if (int === null) int32(-1);
        else {
          int32(4);
          int32(int);
        }
      }
    });
  };
  for (const { name, values } of steps) {
    out[at++] = 0x42;
    const from = at;
    at += 4;
    out[at++] = 0;
    utf8(name);
    out[at++] = 0;
    int16(values.length);
    for (const given of values) int16(typeof given === 'object' && given !== null ? 1 : 0);
    int16(values.length);
    for (const given of values) value(given);
    // Of the results: all as text.
    int16(0);
    // A message's length counts itself.
    out.writeInt32BE(at - from, from);
    at += execute.copy(out, at);
  }
  at += sync.copy(out, at);
  return out.subarray(0, at);
}

function mostBytes(value: StepValue): number {
  if (value === null) return 4;
  if (typeof value === 'string') return 4 + 3 * value.length;
  if ('ints' in value) return 24 + 8 * value.ints.length;
  return value.texts.reduce((sum, text) => sum + 4 + 3 * text.length, 24);
}
