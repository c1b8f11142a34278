/**
 * With whom a caller may share an answer: everybody who may see the same, whoever they are.
 *
 * Only for answers of which their owner says that nothing else about the caller is in them.
 */
import type { Identity } from "../shared/identity.ts";

/** What may change an answer about the caller, and no more: not who it is. */
export function audienceOf({ person, roles, channels, accounts }: Identity) {
  return { anonymous: person === null, roles: [...roles].sort(), channels, accounts };
}

const texts = new WeakMap<Identity, string>();

/** The same as one text, made once for each identity. */
export function audienceText(identity: Identity): string {
  const known = texts.get(identity);
  if (known !== undefined) return known;
  const text = JSON.stringify(audienceOf(identity));
  texts.set(identity, text);
  return text;
}
