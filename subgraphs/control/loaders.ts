/**
 * Loaders of one operation: however many fields ask, one statement a table answers.
 *
 * They live as long as the operation, so nothing here can be older than the question. A caller with accounts sees what
 * is about their locations.
 */
import DataLoader from "dataloader";
import type { Caller, Sight } from "../../shared/accounts.ts";
import { emptyHead } from "../../shared/audit/chain.ts";
import { systemNames } from "../../shared/config.ts";
import type { Database } from "../../shared/db/database.ts";
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import type { CodeKind } from "../../shared/events/letter-events.ts";
import type { Page } from "../../shared/graphql/pagination.ts";
import { limits } from "../../shared/limits.ts";
import { sightOf } from "../../shared/master-data.ts";
import { type ExceptionPolicy, policyOf } from "./domain/exception-policy.ts";
import type { Letter } from "./domain/letter.ts";
import type { MappingKey, PartnerMapping } from "./domain/partner-mapping.ts";
import { type StoryEntry, storyOf } from "./domain/story.ts";
import type { VarianceCase } from "./domain/variance-case.ts";
import type { ExceptionRow } from "./entities.ts";
import { copiesAfter, copiesOfStory, findVerified, lastCopied, listTrail } from "./store/audit-copies.ts";
import { findPolicy } from "./store/exception-policies.ts";
import { type ExceptionFilter, findExceptions, listExceptions } from "./store/exceptions.ts";
import { findStory, pageJournal } from "./store/journal.ts";
import { sumBuckets } from "./store/kpis.ts";
import { findLetters, type LetterFilter, listLetters } from "./store/letters.ts";
import { listMappings, mappingText, versionsOf } from "./store/partner-mappings.ts";
import { findPolicy as findReconciliationPolicy, findRun } from "./store/reconciliations.ts";
import { findParts, findReplay, type RehearsedPart } from "./store/replays.ts";
import { type CaseFilter, findCases, listCases } from "./store/variance-cases.ts";

export type Loaders = ReturnType<typeof createLoaders>;

export function createLoaders(db: Database, caller: Caller) {
  const sight = sightOf(caller, db);
  return {
    exceptions: new DataLoader<string, ExceptionRow | null>(async (ids) => {
      const found = await findExceptions(db, ids);
      return sight.only(
        ids.map((id) => found.get(id) ?? null),
        placesOf,
      );
    }),
    /** The rows of a page, the most urgent first; one more than its size where there are more. */
    exceptionsOf: (filter: ExceptionFilter, page: Page): Promise<readonly ExceptionRow[]> =>
      sight.page(page, (part) => listExceptions(db, filter, part), {
        placesOf,
        keyOf: ({ priority, id }) => [String(-priority), id],
      }),
    /** This version of the policy, or the newest. */
    exceptionPolicy: (version: number | null) => findPolicy(db, version),
    /** Who is to see to them: by the version of the policy they were ranked by. */
    policies: policiesOf(db),
    /** What was put on record from `fromMs` until before `toMs`: of all places, so for nobody who sees only some. */
    journal: async (fromMs: number, toMs: number, page: Page) =>
      sight.everywhere ? pageJournal(db, fromMs, toMs, page) : [],
    /** Of all places at once, so for nobody who sees only some. */
    replay: async (id: string) => (sight.everywhere ? findReplay(db, id) : null),
    letters: new DataLoader<string, Letter | null>(async (ids) => {
      const found = sight.everywhere ? await findLetters(db, ids) : new Map<string, Letter>();
      return ids.map((id) => found.get(id) ?? null);
    }),
    /** A page of letters, the newest first. Who sees only some places sees none: a letter may name any of them. */
    lettersOf: async (filter: LetterFilter, page: Page) => (sight.everywhere ? listLetters(db, filter, page) : []),
    /** Of the company as a whole, so for nobody who sees only some places. */
    mappingsOf: async (partner: string, kind: CodeKind | null, page: Page) =>
      sight.everywhere ? listMappings(db, partner, kind, page) : [],
    mappingVersions: new DataLoader<MappingKey, readonly PartnerMapping[], string>(
      (keys) => Promise.all(keys.map((key) => versionsOf(db, key, limits.mappingVersionsMax))),
      { cacheKeyFn: mappingText },
    ),
    replayParts: new DataLoader<string, readonly RehearsedPart[]>((ids) =>
      Promise.all(ids.map((id) => findParts(db, id))),
    ),
    ...varianceLoaders(db, sight),
    /** Sums of these hours at a place; of all places for those alone who see all of them. Null: not for this caller. */
    async sums(locationId: string | null, hours: { readonly from: number; readonly before: number }) {
      if (locationId === null) return sight.everywhere ? sumBuckets(db, null, hours) : null;
      const [seen] = await sight.only([locationId], (id) => [id]);
      return seen ? sumBuckets(db, locationId, hours) : null;
    },
    /** What was done about a subject, of whatever place; for auditors, who see all of them. */
    trail: async (subject: string, page: Page) => (sight.everywhere ? listTrail(db, subject, page) : []),
    /** How far the copies of each system's audit rows have been verified. */
    verified: (nowMs: number) => verifiedAt(db, nowMs),
    /**
     * A story, a cause before what follows from it. What is on record in audits names no place: requests are for those
     * who see all places, and the rows themselves for auditors among them.
     */
    async story(correlationId: string, withAudit: boolean): Promise<StoryEntry[]> {
      const events = await findStory(db, correlationId, limits.lineageEventsMax);
      // What names no place may speak of several, e.g. of a reservation's lines.
      const placed = sight.everywhere ? events : events.filter((event) => placesOfEvent(event).length > 0);
      const seen = await sight.only(placed, placesOfEvent);
      const records = sight.everywhere ? await copiesOfStory(db, correlationId, limits.lineageEventsMax) : [];
      const story = storyOf(
        seen.flatMap((event) => event ?? []),
        records,
      );
      return withAudit ? story : story.filter(({ kind }) => kind !== "AUDIT");
    },
  };
}

function policiesOf(db: Database) {
  return new DataLoader<number, ExceptionPolicy>((versions) =>
    Promise.all(versions.map(async (version) => policyOf(await findPolicy(db, version)))),
  );
}

function varianceLoaders(db: Database, sight: Sight) {
  return {
    varianceCases: new DataLoader<string, VarianceCase | null>(async (ids) => {
      const found = await findCases(db, ids);
      return sight.only(
        ids.map((id) => found.get(id) ?? null),
        ({ locationId }) => [locationId],
      );
    }),
    /** The rows of a page, the newest first; one more than its size where there are more. */
    varianceCasesOf: (filter: CaseFilter, page: Page): Promise<readonly VarianceCase[]> =>
      sight.page(page, (part) => listCases(db, filter, part), {
        placesOf: ({ locationId }) => [locationId],
        keyOf: ({ id }) => [id],
      }),
    /** Of many places at once, so for nobody who sees only some. */
    reconciliation: async (id: string) => (sight.everywhere ? findRun(db, id) : null),
    reconciliationPolicy: () => findReconciliationPolicy(db),
  };
}

/** What names no location is about none of them in particular. */
function placesOf({ locationId }: ExceptionRow): readonly string[] {
  return locationId === null ? [] : [locationId];
}

function placesOfEvent({ type, locationId, toLocationId }: AnyEvent): readonly string[] {
  // The message that was set aside may name others than the one it failed at.
  if (type === "letter.set.aside") return [];
  return [locationId, toLocationId].flatMap((place) => place ?? []);
}

async function verifiedAt(db: Database, nowMs: number) {
  const known = await findVerified(db);
  return Promise.all(
    systemNames.map(async (system) => {
      const { sequence, hash, brokenAt, verifiedAtMs } = known.get(system) ?? {
        ...{ ...emptyHead(system), brokenAt: null, verifiedAtMs: null },
      };
      const copied = await lastCopied(db, system);
      // What is behind a hole waits for it; not for ever.
      const [next] = await copiesAfter(db, system, sequence, 1);
      const isLost = next && next.sequence > sequence + 1 && nowMs - next.sealed_at_ms > limits.auditOverdueMs;
      const broken = brokenAt ?? (isLost ? sequence + 1 : null);
      const state = { system, copied, verified: sequence, hash, verifiedAt: verifiedAtMs };
      return { ...state, intact: broken === null, brokenAt: broken };
    }),
  );
}
