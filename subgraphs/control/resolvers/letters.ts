/**
 * GraphQL ↔ commands and loaders of dead letters and of partners' codes.
 *
 * Only names and shapes are translated here: no rule and no SQL.
 */
import type { CommandDeps } from "../../../shared/command.ts";
import type { CodeKind } from "../../../shared/events/letter-events.ts";
import { type PageArgs, parsePage, toConnection } from "../../../shared/graphql/pagination.ts";
import type { Resolvers } from "../../../shared/graphql/schema.ts";
import { type RedriveDeadLettersInput, redriveDeadLetters } from "../commands/letters.ts";
import { type SavePartnerMappingsInput, savePartnerMappings } from "../commands/partner-mappings.ts";
import { type Letter, type LetterStatus, ownerOf } from "../domain/letter.ts";
import type { PartnerMapping } from "../domain/partner-mapping.ts";
import type { ControlContext } from "./context.ts";

interface LettersArgs extends PageArgs {
  readonly class?: string | null;
  readonly source?: string | null;
  readonly status?: LetterStatus | null;
}

interface MappingsArgs extends PageArgs {
  readonly partner: string;
  readonly kind?: CodeKind | null;
}

export function letterResolvers(deps: CommandDeps): Resolvers {
  const changedAt = ({ changedAtMs }: PartnerMapping) => changedAtMs;
  return {
    Query: {
      deadLetter: (_: unknown, { id }: { id: string }, { loaders }: ControlContext) => loaders.letters.load(id),
      deadLetters: (_: unknown, args: LettersArgs, context: ControlContext) => lettersPage(args, context),
      partnerMappings: (_: unknown, args: MappingsArgs, context: ControlContext) => mappingsPage(args, context),
    },
    Mutation: {
      redriveDeadLetters: (_: unknown, { input }: { input: RedriveDeadLettersInput }, context: ControlContext) =>
        redriveDeadLetters(deps, input, context.request),
      savePartnerMappings: (_: unknown, { input }: { input: SavePartnerMappingsInput }, context: ControlContext) =>
        savePartnerMappings(deps, input, context.request),
    },
    DeadLetter: {
      owner: (letter: Letter) => ownerOf(letter),
      firstSeenAt: ({ firstSeenAtMs }: Letter) => firstSeenAtMs,
      lastSeenAt: ({ lastSeenAtMs }: Letter) => lastSeenAtMs,
      redriveAskedAt: ({ redriveAskedAtMs }: Letter) => redriveAskedAtMs,
      settledAt: ({ settledAtMs }: Letter) => settledAtMs,
    },
    PartnerMapping: {
      changedAt,
      history: (mapping: PartnerMapping, _: unknown, { loaders }: ControlContext) =>
        loaders.mappingVersions.load(mapping),
    },
    PartnerMappingVersion: { changedAt },
  };
}

async function lettersPage(args: LettersArgs, { loaders }: ControlContext) {
  const page = parsePage(args, 1);
  const { class: name = null, source = null, status } = args;
  const rows = await loaders.lettersOf({ class: name, source, status: status ?? "OPEN" }, page);
  return toConnection(rows, page, ({ id }) => [id]);
}

async function mappingsPage(args: MappingsArgs, { loaders }: ControlContext) {
  const page = parsePage(args, 2);
  const rows = await loaders.mappingsOf(args.partner, args.kind ?? null, page);
  return toConnection(rows, page, ({ kind, code }) => [kind, code]);
}
