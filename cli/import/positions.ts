/**
 * What the system itself says is there: stock positions read page by page, never from what was sent.
 *
 * Facts spread from their owner to the others a moment later, so the totals are read again until there are as many
 * positions as expected and nothing changes from one reading to the next, or until patience ends.
 */
import type { ApiClient } from "../../shared/graphql/client.ts";

const pageSize = 200;
const readingsMax = 60;
const readEveryMs = 1_000;

export interface PositionTotals {
  readonly positions: number;
  readonly onHand: number;
}

interface Page<N> {
  readonly stockPositions: {
    readonly nodes: readonly N[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

export async function readTotals(
  client: ApiClient,
  locationIds: readonly string[],
  positionsExpected: number,
  wait: (ms: number) => Promise<void>,
): Promise<PositionTotals> {
  let before: PositionTotals | undefined;
  for (let readings = 1; ; readings++) {
    const totals = await readOnce(client, locationIds);
    const still = before?.positions === totals.positions && before.onHand === totals.onHand;
    if ((still && totals.positions >= positionsExpected) || readings === readingsMax) return totals;
    before = totals;
    await wait(readEveryMs);
  }
}

async function readOnce(client: ApiClient, locationIds: readonly string[]): Promise<PositionTotals> {
  let positions = 0;
  let onHand = 0;
  for (const locationId of locationIds) {
    const nodes = readPositions<{ physical: { onHand: number } | null }>(client, locationId, "physical { onHand }");
    for await (const { physical } of nodes) {
      positions += 1;
      onHand += physical?.onHand ?? 0;
    }
  }
  return { positions, onHand };
}

/** `sku|locationId` of the positions whose books the ERP keeps already: an import must not set them back. */
export async function readBookedPositions(
  client: ApiClient,
  locationIds: readonly string[],
): Promise<ReadonlySet<string>> {
  const booked = new Set<string>();
  for (const locationId of locationIds) {
    const nodes = readPositions<{ sku: string; book: { version: number } | null }>(
      client,
      locationId,
      "sku book { version }",
    );
    for await (const { sku, book } of nodes) if (book && book.version > 0) booked.add(`${sku}|${locationId}`);
  }
  return booked;
}

async function* readPositions<N>(client: ApiClient, locationId: string, selection: string): AsyncGenerator<N> {
  const document = `query Positions($locationId: ID!, $first: Int!, $after: String) {
    stockPositions(locationId: $locationId, first: $first, after: $after) {
      nodes { ${selection} }
      pageInfo { hasNextPage endCursor }
    }
  }`;
  let after: string | null = null;
  do {
    const data: Page<N> = await client.request(document, { locationId, first: pageSize, after });
    yield* data.stockPositions.nodes;
    const { hasNextPage, endCursor } = data.stockPositions.pageInfo;
    after = hasNextPage ? endCursor : null;
  } while (after !== null);
}
