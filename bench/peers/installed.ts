/**
 * The packages in `bench/package.json`: are they there, how they get there, and how they are loaded.
 *
 * They are loaded by a name that the compiler does not follow, so that this project is checked without them. Whoever
 * only uses the product never installs them.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const benchDir = fileURLToPath(new URL("../", import.meta.url));

/** `T` is what the caller uses of the package, in its own words. */
export async function importPeer<T>(name: string): Promise<T> {
  return (await import(name)) as T;
}

export function peersInstalled(): boolean {
  return existsSync(fileURLToPath(new URL("../node_modules/autocannon/package.json", import.meta.url)));
}

/** `npm ci` in `bench/`, once. Fails when npm does. */
export async function installPeers(say: (line: string) => void): Promise<void> {
  if (peersInstalled()) return;
  say("installing what is compared with, once: npm ci --prefix bench");
  const child = spawn("npm", ["ci", "--prefix", benchDir, "--no-audit", "--no-fund", "--loglevel=error"], {
    stdio: ["ignore", 2, 2],
  });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`npm ci --prefix bench ended with ${code}`);
}
