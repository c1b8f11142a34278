/**
 * The limit: `node:http` that parses the request's JSON and answers with the constant bytes in REPLY.
 *
 * No framework, no GraphQL, no database: what remains is what HTTP costs in this process on this machine.
 */
import { createServer } from "node:http";
import { servePeer } from "./serve.ts";

const reply = Buffer.from(process.env["REPLY"] ?? "{}");
const headers = { "content-type": "application/json", "content-length": reply.length };

servePeer(
  createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      JSON.parse(Buffer.concat(chunks).toString());
      response.writeHead(200, headers);
      response.end(reply);
    });
  }),
);
