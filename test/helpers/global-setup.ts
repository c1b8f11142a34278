/**
 * Before all suites: look for MySQL/MariaDB and Redis, and say what was found.
 */
import type { TestProject } from "vitest/node";
import { findServices } from "./find-services.ts";

export default async function setup(project: TestProject): Promise<void> {
  const services = await findServices();
  const missing = Object.entries(services).filter(([, url]) => url === null);
  if (missing.length > 0 && process.env["REQUIRE_SERVICES"] === "1") {
    throw new Error(`REQUIRE_SERVICES=1, but nothing answers for ${missing.map(([name]) => name).join(" and ")}.`);
  }
  project.provide("services", services);
}
