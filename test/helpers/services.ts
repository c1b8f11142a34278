/**
 * Which servers this machine has for the tests: MySQL/MariaDB and Redis, at the given URLs or on localhost.
 *
 * Looked for once, before the suites (`global-setup.ts`); every suite reads the answer here.
 */
import { inject } from "vitest";
import type { Services } from "./find-services.ts";

declare module "vitest" {
  interface ProvidedContext {
    services: Services;
  }
}

export const services: Services = inject("services");
