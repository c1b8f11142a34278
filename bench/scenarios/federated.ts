/**
 * P4: ten positions of a location, seen by all four owners in processes of their own, nothing of it cached.
 *
 * Where Redis answers, `availability` is in the gateway's process, as it is deployed; else all four are behind HTTP, as
 * they are for the others.
 */
import { ask } from "../ask.ts";
import { type Compared, measureGateway, measurePeers, type PeerName } from "../compare.ts";
import { locationIds } from "../data/data-set.ts";
import { drillDownBody } from "../questions.ts";
import type { Bench, Measurement, Scenario } from "../scenario.ts";
import { ratiosTo } from "../verdict.ts";
import type { Subgraphs, World } from "../world.ts";

export const federated: Scenario = { name: "federated", goal: "P4", run };

const peers: readonly PeerName[] = ["raw", "apolloGateway", "hiveGateway", "hiveRouter"];
const pagesPerLocation = 20;

async function run(bench: Bench): Promise<Measurement> {
  const world = await bench.world();
  const headers = { authorization: `Bearer ${await world.token("planner", ["planner"])}` };
  const subgraphs = await world.startSubgraphs();
  try {
    const bodies = await pagesOf(subgraphs.urls.availability, headers);
    const comparison = { bench, world, bodies, headers };
    const gateway = await measureGateway(comparison, () => startFederated(world, subgraphs));
    const others: Compared = await measurePeers(comparison, peers, gateway.reply, subgraphs.supergraphFile);
    return {
      figure: gateway.requestsPerSecond,
      ratios: ratiosTo(gateway.requestsPerSecond, others.rates),
      also: { p99Ms: gateway.p99Ms },
      notes: others.notes,
    };
  } finally {
    await subgraphs.stop();
  }
}

function startFederated(world: World, { urls }: Subgraphs) {
  const elsewhere = { ERP_URL: urls.erp, WMS_URL: urls.wms, RETURNS_URL: urls.returns };
  if (world.kind === "servers") return world.startGateway(elsewhere);
  return world.startGateway({ ...elsewhere, AVAILABILITY_URL: urls.availability });
}

/** Requests for pages far apart: their cursors are read from the owner beforehand. */
async function pagesOf(url: string, headers: Readonly<Record<string, string>>): Promise<string[]> {
  const query = `query Cursors($locationId: ID!) {
    stockPositions(locationId: $locationId, first: 200) { edges { cursor } }
  }`;
  const bodies = locationIds.map(async (locationId) => {
    const reply = await ask(url, JSON.stringify({ query, variables: { locationId } }), headers);
    const { edges } = JSON.parse(reply).data.stockPositions as { edges: { cursor: string }[] };
    // The last page has to be a whole one too.
    const starts = edges.filter((_, i) => i % 9 === 0 && i < edges.length - 10).slice(0, pagesPerLocation - 1);
    return [null, ...starts.map(({ cursor }) => cursor)].map((after) => drillDownBody(locationId, after));
  });
  return (await Promise.all(bodies)).flat();
}
