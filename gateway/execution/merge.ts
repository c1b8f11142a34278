/**
 * One owner's answer put into what is known so far.
 *
 * Objects are merged field by field; lists of the same length element by element; everything else is replaced. Takes
 * over parts of `source` as they are, so who merges one source into two targets copies it first (`copyOf`).
 */
export type Json = Record<string, unknown>;

/** JSON may hold a `__proto__`, and field names may be those of Object's own methods: only own properties count. */
export function ownValue(object: unknown, name: string): unknown {
  return Object.hasOwn(object as object, name) ? (object as Json)[name] : undefined;
}

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function mergeInto(target: Json, source: unknown): void {
  if (source === undefined || source === null) return;
  for (const key of Object.keys(source)) {
    const next = (source as Json)[key];
    if (next === undefined) continue;
    if (!Object.hasOwn(target, key)) {
      setOwn(target, key, next);
      continue;
    }
    const known = target[key];
    if (known && isObject(next)) {
      mergeInto(known as Json, next);
    } else if (Array.isArray(next) && Array.isArray(known) && next.length === known.length) {
      mergeList(known, next);
    } else {
      target[key] = next;
    }
  }
}

function mergeList(target: unknown[], source: readonly unknown[]): void {
  for (const [i, next] of source.entries()) {
    const known = target[i];
    if (isObject(known) && isObject(next)) mergeInto(known, next);
    else target[i] = next;
  }
}

export function setOwn(target: Json, key: string, value: unknown): void {
  if (key in target && !Object.hasOwn(target, key)) {
    Object.defineProperty(target, key, { configurable: true, enumerable: true, value, writable: true });
  } else {
    target[key] = value;
  }
}

/** Of JSON. */
export function copyOf<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copyOf) as T;
  const copy: Json = Object.create(null);
  for (const key of Object.keys(value)) copy[key] = copyOf((value as Json)[key]);
  return copy as T;
}
