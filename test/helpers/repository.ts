/**
 * The repository as data: which files it has, and what is in them.
 *
 * Files that git ignores (packages, data, results) are left out by the name of their directory.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";

/** The directory of `package.json`. */
export const root = fileURLToPath(new URL("../..", import.meta.url));

const hiddenDirectories = new Set(["node_modules", "coverage", "results"]);
const shownDotDirectories = new Set([".ci", ".github"]);

/** Every file, as paths in the repository with `/`. */
export function listFiles(directory = ""): string[] {
  return readdirSync(join(root, directory), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(directory, entry.name);
    if (!entry.isDirectory()) return entry.isFile() && !entry.name.endsWith(".log") ? [path] : [];
    const hidden = entry.name.startsWith(".")
      ? !shownDotDirectories.has(entry.name)
      : hiddenDirectories.has(entry.name);
    return hidden ? [] : listFiles(path);
  });
}

export function readText(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** Is it one of these files, or in one of these folders? */
export function isUnder(path: string, ...places: readonly string[]): boolean {
  return places.some((place) => path === place || path.startsWith(`${place}/`));
}
