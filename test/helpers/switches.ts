/**
 * CACHE and SHORT_PATH of the environment, handed on to every system that a test starts: the whole suite holds either
 * way.
 */
export const switches = Object.fromEntries(
  ["CACHE", "SHORT_PATH"].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  }),
);
