/**
 * How the tests run: every suite this machine can run, found servers included (`test/helpers/global-setup.ts`).
 *
 * Unit tests share what they import, one after the other in a worker: loading it anew for each file takes longer than
 * the tests. All others have a process to themselves.
 */
import { defineConfig } from "vitest/config";

export default defineConfig({
  // Node loads graphql's CommonJS build; vite would prefer its ES build, and two graphqls refuse each other's types.
  resolve: { alias: [{ find: /^graphql$/, replacement: "graphql/index.js" }] },
  test: {
    globalSetup: ["test/helpers/global-setup.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    env: { APOLLO_TELEMETRY_DISABLED: "1" },
    projects: [
      { extends: true, test: { name: "unit", include: ["test/unit/**/*.test.ts"], isolate: false } },
      { extends: true, test: { name: "system", include: ["test/**/*.test.ts"], exclude: ["test/unit/**"] } },
    ],
  },
});
