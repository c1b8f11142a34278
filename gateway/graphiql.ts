/**
 * GraphiQL, served from its npm package: works without a network, and loads nothing from anybody else.
 *
 * Its Content-Security-Policy allows scripts of this server only, so the page has no script of its own inside.
 */
import { createReadStream } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { FastifyInstance } from "fastify";

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  // The editor sets its measures as inline styles.
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const assets = [
  { name: "react.js", pkg: "react", file: "umd/react.production.min.js" },
  { name: "react-dom.js", pkg: "react-dom", file: "umd/react-dom.production.min.js" },
  { name: "graphiql.js", pkg: "graphiql", file: "graphiql.min.js" },
  { name: "graphiql.css", pkg: "graphiql", file: "graphiql.min.css" },
] as const;

export function serveGraphiql(http: FastifyInstance): void {
  const require = createRequire(import.meta.url);
  for (const { name, pkg, file } of assets) {
    const path = join(dirname(require.resolve(`${pkg}/package.json`)), file);
    const type = name.endsWith(".css") ? "text/css" : "text/javascript";
    http.get(`/graphiql/${name}`, async (_request, reply) =>
      reply.type(`${type}; charset=utf-8`).header("cache-control", "public, max-age=3600").send(createReadStream(path)),
    );
  }
  http.get("/graphiql/start.js", async (_request, reply) => reply.type("text/javascript; charset=utf-8").send(start));
  http.get("/", async (_request, reply) =>
    reply.type("text/html; charset=utf-8").header("content-security-policy", policy).send(page),
  );
}

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Inventory availability</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/graphiql/graphiql.css">
  </head>
  <body style="margin: 0">
    <div id="graphiql" style="height: 100vh">Loading …</div>
    <script src="/graphiql/react.js"></script>
    <script src="/graphiql/react-dom.js"></script>
    <script src="/graphiql/graphiql.js"></script>
    <script src="/graphiql/start.js"></script>
  </body>
</html>
`;

const start = `const example = \`# A token goes under "Headers": { "authorization": "Bearer …" }. Without one you are anonymous.
{
  products(first: 5) {
    nodes {
      sku
      name
      networkAvailability {
        availableToSell
        confidence
        locations { locationId availableToSell net terms { name quantity source } }
      }
    }
  }
}
\`;
ReactDOM.createRoot(document.getElementById("graphiql")).render(
  React.createElement(GraphiQL, {
    fetcher: GraphiQL.createFetcher({ url: "/graphql" }),
    defaultQuery: example,
    defaultEditorToolsVisibility: "headers",
    shouldPersistHeaders: false,
  }),
);
`;
