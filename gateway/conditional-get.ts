/**
 * GET with validators, so that a cache on the way can keep an answer and ask whether it still holds.
 *
 * Only answers without errors, and never without asking again: what may be sold changes any moment. An answer to
 * somebody with a token is for that caller's own cache alone.
 */
import { createHash } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";

type Done = (error: Error | null, payload?: unknown) => void;

/** Fastify's hook: adds the headers, and takes the body away from who has it already. */
export function sendConditionally(request: FastifyRequest, reply: FastifyReply, payload: unknown, done: Done): void {
  const isAnswer = reply.statusCode === 200 && isPlainAnswer(payload);
  const isThere = isAnswer && validate(request, reply, payload);
  if (isThere) reply.code(304).removeHeader("content-length");
  done(null, isThere ? null : payload);
}

/** Sets the headers. Has the caller this very answer already? */
function validate({ headers }: FastifyRequest, reply: FastifyReply, payload: string | Buffer): boolean {
  const etag = `"${createHash("sha1").update(payload).digest("base64url")}"`;
  const cacheControl = headers.authorization === undefined ? "public, no-cache" : "private, no-cache";
  const vary = [reply.getHeader("vary") ?? [], "accept, authorization"].flat().join(", ");
  reply.headers({ etag, "cache-control": cacheControl, vary });
  return names(headers["if-none-match"], etag);
}

function isPlainAnswer(payload: unknown): payload is string | Buffer {
  const begin = '{"data":';
  if (typeof payload === "string") return payload.startsWith(begin);
  return Buffer.isBuffer(payload) && payload.subarray(0, begin.length).toString() === begin;
}

/** Weakly compared, as RFC 9110 has it for this header. */
function names(header: string | undefined, etag: string): boolean {
  const tags = (header ?? "").split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return tags.includes(etag) || tags.includes("*");
}
