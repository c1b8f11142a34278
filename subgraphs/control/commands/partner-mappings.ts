/**
 * What partners' codes stand for, said by whoever answers for it.
 *
 * Each change is a new version and is told; what waited for it is applied then, without being asked.
 */
import { canonicalHash } from "../../../shared/canonical-json.ts";
import { type CommandDeps, type Payload, type RequestContext, runCommand } from "../../../shared/command.ts";
import { AppError } from "../../../shared/errors.ts";
import type { CodeKind } from "../../../shared/events/letter-events.ts";
import { parseCode, parseLocationId, parseSku, parseUnit } from "../../../shared/ids.ts";
import { limits } from "../../../shared/limits.ts";
import { change, type MappingChange, type PartnerMapping } from "../domain/partner-mapping.ts";
import { lockMappings, mappingText, saveMappings } from "../store/partner-mappings.ts";

export interface SavePartnerMappingsInput {
  readonly idempotencyKey: string;
  readonly partner: string;
  readonly mappings: readonly {
    readonly kind: CodeKind;
    readonly code: string;
    readonly target?: string | null;
    readonly owner?: string | null;
  }[];
}

export type PartnerMappingsPayload = Payload<{ readonly mappings: readonly PartnerMapping[] }>;

/** Can fail with INVALID_INPUT, TOO_MANY_ITEMS. */
export function savePartnerMappings(
  deps: CommandDeps,
  input: SavePartnerMappingsInput,
  context: RequestContext,
): Promise<PartnerMappingsPayload> {
  return runCommand<{ mappings: readonly PartnerMapping[] }>(deps, {
    operation: "savePartnerMappings",
    input,
    context,
    refused: { mappings: [] },
    work: async (tx, recorder) => {
      const { person } = recorder.cause;
      const changes = parseChanges(input, person);
      const known = await lockMappings(tx, changes);
      const changed = changes.flatMap(
        (wanted) => change(known.get(mappingText(wanted)) ?? null, wanted, person, deps.clock.now()) ?? [],
      );
      await saveMappings(tx, changed);
      for (const mapping of changed) {
        const { partner, kind, code, target, owner, version } = mapping;
        const data = { partner, kind, code, target, owner, version };
        recorder.event({ type: "mapping.changed", sourceSeq: version, partitionKey: keyOf(mapping), data });
        const before = known.get(mappingText(mapping))?.target ?? null;
        const subject = `mapping:${partner}|${kind}|${code}`.slice(0, 255);
        recorder.audit({ subject, action: "savePartnerMappings", detail: { before, target, owner, version } });
      }
      const now = new Map([...known, ...changed.map((mapping) => [mappingText(mapping), mapping] as const)]);
      return { mappings: changes.flatMap((wanted) => now.get(mappingText(wanted)) ?? []) };
    },
  });
}

/** A partner and a code together are longer than a key may be. */
function keyOf({ partner, kind, code }: MappingChange): string {
  return `mapping:${canonicalHash([partner, kind, code])}`;
}

/** In the order of their keys, as they are locked. */
function parseChanges({ partner, mappings }: SavePartnerMappingsInput, person: string): MappingChange[] {
  const list = ["input", "mappings"];
  if (mappings.length === 0) throw new AppError("INVALID_INPUT", { message: "Nothing to save.", field: list });
  if (mappings.length > limits.commandItemsMax) {
    throw new AppError("TOO_MANY_ITEMS", { message: `At most ${limits.commandItemsMax} at once.`, field: list });
  }
  const sender = parseCode(partner, limits.personLengthMax, ["input", "partner"]);
  const changes = mappings.map(({ kind, code, target, owner }, i): MappingChange => {
    const field = (name: string) => [...list, String(i), name];
    return {
      partner: sender,
      kind,
      code: parseCode(code, limits.partnerCodeLengthMax, field("code")),
      target: target == null ? null : parseTarget(kind, target, field("target")),
      owner: owner == null ? person : parseCode(owner, limits.personLengthMax, field("owner")),
    };
  });
  const texts = changes.map(mappingText);
  const twice = texts.findIndex((text, i) => texts.indexOf(text) !== i);
  if (twice >= 0) {
    const message = "A code stands for one thing: it is there twice.";
    throw new AppError("INVALID_INPUT", { message, field: [...list, String(twice), "code"] });
  }
  return changes.sort((a, b) => (mappingText(a) < mappingText(b) ? -1 : 1));
}

function parseTarget(kind: CodeKind, target: string, field: readonly string[]): string {
  if (kind === "SKU") return parseSku(target, field);
  if (kind === "LOCATION") return parseLocationId(target, field);
  return kind === "UNIT" ? parseUnit(target, field) : parseCode(target, limits.reasonCodeLengthMax, field);
}
