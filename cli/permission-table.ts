/**
 * The page that says who may do what: every guarded field of every subgraph, for every role and for nobody.
 *
 * Pure. Asks the same function that refuses callers, so the page cannot say anything else than what happens; what no
 * table can say stands beside it in words.
 */
import { type AccessNotes, type AccessTable, isAllowed } from "../shared/access.ts";
import { anonymous, type Identity, type Role, roles } from "../shared/identity.ts";

export interface Owner {
  readonly name: string;
  readonly access: AccessTable;
  readonly notes: AccessNotes;
}

/** Nobody, somebody without a role, and one person for each role. */
export const callers: readonly { readonly name: string; readonly identity: Identity }[] = [
  { name: "nobody", identity: anonymous },
  { name: "no role", identity: somebody() },
  ...roles.map((role) => ({ name: role, identity: somebody(role) })),
];

const kinds = [
  ["Queries", /^Query\./],
  ["Mutations", /^Mutation\./],
  ["Subscriptions", /^Subscription\./],
  ["Fields that not everybody may read, wherever they are reached", /^(?!Query\.|Mutation\.|Subscription\.)/],
] as const;

export function permissionPage(owners: readonly Owner[]): string {
  return `${[introduction, ...kinds.map(([title, pattern]) => section(title, pattern, owners))].join("\n\n")}\n`;
}

const introduction = `# Who may do what

Written by \`npm run permissions\` from the \`access.ts\` of each subgraph, and compared with them by the tests. **✓** means
that the caller is let in by role; *besides* says what else is asked. Everything that is not listed is open to whoever
reached it. Nobody is refused with UNAUTHENTICATED, somebody with FORBIDDEN, and either gets no data.

Whatever the role: a token with \`channels\` is answered for these channels, one with \`accounts\` for the locations of these
accounts ([configuration.md](configuration.md)). A request with several operations (a batch) is refused as a whole.`;

function section(title: string, pattern: RegExp, owners: readonly Owner[]): string {
  const head = ["", "owner", ...callers.map(({ name }) => name), "besides"];
  const rows = owners.flatMap(({ name, access, notes }) =>
    Object.entries(access)
      .filter(([coordinate]) => pattern.test(coordinate))
      .map(([coordinate, rule]) => [
        `\`${coordinate.replace(/^(Query|Mutation|Subscription)\./, "")}\``,
        name,
        ...callers.map(({ identity }) => (isAllowed(rule, identity) ? "✓" : "")),
        notes[coordinate] ?? "",
      ]),
  );
  const lines = [head, head.map((_, i) => (i < 2 || i === head.length - 1 ? "---" : ":-:")), ...rows];
  return `## ${title}\n\n${lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n")}`;
}

function somebody(...has: Role[]): Identity {
  return { ...anonymous, person: "somebody", roles: new Set(has) };
}
