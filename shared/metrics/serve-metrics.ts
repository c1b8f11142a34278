/**
 * `/metrics`: who may read what a process counts.
 *
 * With METRICS_TOKEN whoever shows it as a bearer token; without one everybody, and in production nobody: there the
 * path is not served. What is read names no person, item or document.
 */
import { timingSafeEqual } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { hashOf } from "../canonical-json.ts";
import type { Config } from "../config.ts";
import type { Metrics } from "./metrics.ts";

export function serveMetrics(
  http: FastifyInstance,
  metrics: Metrics,
  { metricsToken, production }: Pick<Config, "metricsToken" | "production">,
): void {
  if (metricsToken === null && production) return;
  const wanted = metricsToken === null ? null : digestOf(`Bearer ${metricsToken}`);
  http.get("/metrics", async (request, reply) => {
    if (wanted && !timingSafeEqual(wanted, digestOf(request.headers.authorization ?? ""))) {
      return reply.status(401).header("www-authenticate", "Bearer").send({ error: "Show METRICS_TOKEN." });
    }
    return reply.header("content-type", metrics.contentType).send(await metrics.text());
  });
}

/** Of one length, so that comparing tells nothing of the token. */
function digestOf(text: string): Buffer {
  return Buffer.from(hashOf(text));
}
