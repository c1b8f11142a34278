/**
 * How the tests run: every suite this machine can run, found servers included (`test/helpers/global-setup.ts`).
 */
import { defineConfig } from "vitest/config";

export default defineConfig({
  // Node loads graphql's CommonJS build; vite would prefer its ES build, and two graphqls refuse each other's types.
  resolve: { alias: [{ find: /^graphql$/, replacement: "graphql/index.js" }] },
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/helpers/global-setup.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    env: { APOLLO_TELEMETRY_DISABLED: "1" },
  },
});
