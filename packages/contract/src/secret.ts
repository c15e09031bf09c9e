const values = new WeakMap<object, unknown>();

/**
 * A value that prints a marker from String, JSON and inspect. The value itself is kept outside the object, so that
 * neither a debugger's listing nor a structured clone carries it. `reveal(` is allowed in a few named files only.
 */
export class Secret<T = string> {
  /** Keeps `Secret<string>` and `Secret<Buffer>` apart for the compiler; never set. */
  declare readonly __type: T;
  constructor(value: T) {
    values.set(this, value);
  }
  toString(): string {
    return '[secret]';
  }
  toJSON(): string {
    return '[secret]';
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[secret]';
  }
}

export function reveal<T>(secret: Secret<T>): T {
  return values.get(secret) as T;
}
