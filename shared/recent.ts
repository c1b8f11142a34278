/**
 * The last entries of a map: between `max` of them and twice as many, at the cost of a plain map.
 *
 * For what is needed once more a moment later and can be made or read again when it is not there.
 */
export interface Recent<K, V> {
  set(key: K, value: V): void;
  get(key: K): V | undefined;
}

export function createRecent<K, V>(max: number): Recent<K, V> {
  let young = new Map<K, V>();
  let old = young;
  return {
    set(key, value) {
      if (young.size >= max) {
        old = young;
        young = new Map();
      }
      young.set(key, value);
    },
    get: (key) => young.get(key) ?? old.get(key),
  };
}
