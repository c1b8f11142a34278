/**
 * Statements of the dead letters that are known here.
 *
 * A row is changed under its lock, in the order of ids. Pages are read along an index that begins with the status.
 */
import type { Reader, SqlValue, Transaction } from "../../../shared/db/database.ts";
import { forUpdate, marks, numberOrNull, only, upsertRows } from "../../../shared/db/statements.ts";
import type { Page } from "../../../shared/graphql/pagination.ts";
import type { Letter, LetterStatus } from "../domain/letter.ts";

export interface LetterFilter {
  readonly status: LetterStatus;
  readonly class: string | null;
  readonly source: string | null;
}

export async function findLetters(db: Reader, ids: readonly string[]): Promise<Map<string, Letter>> {
  return select(db, ids, "");
}

/** Locked until the transaction ends. */
export async function lockLetters(tx: Transaction, ids: readonly string[]): Promise<Map<string, Letter>> {
  return select(tx, ids, forUpdate(tx.dialect));
}

async function select(db: Reader, ids: readonly string[], lock: string): Promise<Map<string, Letter>> {
  const wanted = [...new Set(ids)].sort();
  if (wanted.length === 0) return new Map();
  const rows = await db.query<Row>(
    `SELECT * FROM known_letters WHERE id IN (${marks(wanted.length)}) ORDER BY id${lock}`,
    wanted,
  );
  return new Map(rows.map((row) => [String(row["id"]), toLetter(row)]));
}

export async function saveLetters(tx: Transaction, letters: readonly Letter[]): Promise<void> {
  await upsertRows(tx, "known_letters", ["id"], letters.map(columnsOf));
}

/** Of these topics, those that have an open letter. */
export async function openTopics(db: Reader, topics: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>();
  for (const topic of new Set(topics)) {
    const [row] = await db.query("SELECT id FROM known_letters WHERE topic = ? AND status = 'OPEN' LIMIT 1", [topic]);
    if (row) found.add(topic);
  }
  return found;
}

/** The newest first; one more than the page's size where there are more. */
export async function listLetters(db: Reader, filter: LetterFilter, page: Page): Promise<Letter[]> {
  const conditions = [only("status")];
  const params: SqlValue[] = [filter.status];
  const order = ["status DESC"];
  for (const column of ["source", "class"] as const) {
    const value = filter[column];
    if (value === null) continue;
    conditions.push(only(column));
    params.push(value);
    order.push(`${column} DESC`);
  }
  if (page.after) {
    conditions.push("id < ?");
    params.push(page.after[0] as string);
  }
  const rows = await db.query<Row>(
    `SELECT id FROM known_letters WHERE ${conditions.join(" AND ")}
      ORDER BY ${[...order, "id DESC"].join(", ")} LIMIT ${page.size + 1}`,
    params,
  );
  const ids = rows.map(({ id }) => String(id));
  const found = await findLetters(db, ids);
  return ids.flatMap((id) => found.get(id) ?? []);
}

type Row = Record<string, string | number | null>;

function toLetter(row: Row): Letter {
  const text = (column: string) => String(row[column]);
  const textOrNull = (column: string) => (row[column] == null ? null : text(column));
  return {
    id: text("id"),
    status: text("status") as LetterStatus,
    system: text("system_name"),
    consumer: text("consumer"),
    source: text("source"),
    messageId: text("message_id"),
    messageType: text("message_type"),
    class: text("class"),
    code: text("code"),
    stage: text("stage"),
    topic: text("topic"),
    attempts: Number(row["attempts"]),
    hint: text("hint"),
    payload: text("payload"),
    sku: textOrNull("sku"),
    locationId: textOrNull("location_id"),
    correlationId: text("correlation_id"),
    firstSeenAtMs: Number(row["first_seen_at_ms"]),
    lastSeenAtMs: Number(row["last_seen_at_ms"]),
    redriveAskedAtMs: numberOrNull(row["redrive_asked_at_ms"] ?? null),
    settledAtMs: numberOrNull(row["settled_at_ms"] ?? null),
    version: Number(row["version"]),
  };
}

function columnsOf(letter: Letter) {
  return {
    id: letter.id,
    status: letter.status,
    system_name: letter.system,
    consumer: letter.consumer,
    source: letter.source,
    message_id: letter.messageId,
    message_type: letter.messageType,
    class: letter.class,
    code: letter.code,
    stage: letter.stage,
    topic: letter.topic,
    attempts: letter.attempts,
    hint: letter.hint,
    payload: letter.payload,
    sku: letter.sku,
    location_id: letter.locationId,
    correlation_id: letter.correlationId,
    first_seen_at_ms: letter.firstSeenAtMs,
    last_seen_at_ms: letter.lastSeenAtMs,
    redrive_asked_at_ms: letter.redriveAskedAtMs,
    settled_at_ms: letter.settledAtMs,
    version: letter.version,
  };
}
