/**
 * `npm run import` from its arguments to its one line of JSON, against the API in memory.
 *
 * The real data sets are used where they are; a small ledger of our own shows the same without them.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { parse } from "csv-parse/sync";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { runImport } from "../../../../cli/import/run.ts";
import { systemClock } from "../../../../shared/clock.ts";
import { readEnv, toConfig } from "../../../../shared/config.ts";
import { createAuthenticator } from "../../../../shared/identity.ts";
import { adventureWorksDir, isAbsent, onlineRetailDir } from "../../../helpers/data-sets.ts";
import { createFakeApi, type FakeApi } from "./fake-api.ts";

let api: FakeApi;
let dir: string;

beforeEach(() => {
  api = createFakeApi();
  dir = mkdtempSync(join(tmpdir(), "import-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

interface RunOptions {
  readonly isTTY?: boolean;
  readonly fetch?: FakeApi["fetch"];
  readonly token?: null;
}

async function run(argv: readonly string[], options: RunOptions = {}) {
  let stdout = "";
  let stderr = "";
  const exitCode = await runImport([...argv, ...(options.token === null ? [] : ["--token", "secret"])], {
    stdout: { write: (text: string) => (stdout += text) },
    stderr: { isTTY: options.isTTY ?? false, write: (text: string) => (stderr += text) },
    fetch: options.fetch ?? api.fetch,
    wait: async () => {},
  });
  return { exitCode, stdout, stderr };
}

async function summaryOf(...argv: string[]) {
  const { exitCode, stdout, stderr } = await run(argv);
  expect(stderr).toBe("");
  expect(exitCode).toBe(0);
  expect(stdout.split("\n")).toHaveLength(2);
  return JSON.parse(stdout);
}

function writeLedger(month: string, rows: readonly string[]): void {
  const header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";
  writeFileSync(join(dir, `online-retail-${month}.csv.gz`), gzipSync(`${[header, ...rows].join("\n")}\n`));
}

const december = [
  'A1,B,Adjust bad debt,1,2010-12-01 09:00:00,-11.5,,"United Kingdom"',
  '100,22423,"CAKESTAND, 3 TIER",6,2010-12-01 10:00:00,10.95,17850.0,Norway',
  '100,22423,"CAKESTAND, 3 TIER",6,2010-12-01 10:00:00,10.95,17850.0,Norway',
  "100,POST,POSTAGE,1,2010-12-01 10:00:00,40.0,17850.0,Norway",
  "C101,22423,CAKESTAND,-4,2010-12-02 10:00:00,10.95,17850.0,Norway",
  "102,85123a,HEART,3,2010-12-02 11:00:00,2.55,,Norway",
  "103,22423,thrown away,-2,2010-12-02 12:00:00,0.0,,United Kingdom",
];
const january = ["104,85123A,HEART,5,2011-01-04 10:00:00,2.55,,Norway"];

describe("importing a ledger", () => {
  beforeEach(() => {
    writeLedger("2010-12", december);
    writeLedger("2011-01", january);
  });

  it("counts what is there in the end, by the API's own answer", async () => {
    const summary = await summaryOf("uci-online-retail", dir);
    expect(summary).toMatchObject({
      products: 3,
      locations: 1,
      positions: 3,
      // Only the 4 credited pieces are left, in quarantine.
      onHand: 4,
      purchaseOrders: 0,
      events: 3 + 2 * 4 + 1,
      orders: 3,
      returns: 1,
      bookBalances: 3,
      rejected: 2,
      findings: { NON_PRODUCT_CODE: 2 },
      nonProductCodes: { B: 1, POST: 1 },
      refusals: {},
    });
    expect(summary.seconds).toBeGreaterThanOrEqual(0);
    expect(Object.values(summary.alreadyThere)).toEqual([0, 0, 0, 0, 0, 0, 0]);
  });

  it("keeps exact duplicates and never picks what is not there", async () => {
    await summaryOf("uci-online-retail", dir);
    expect([...api.orderLines]).toEqual(["100:1", "100:2", "102:1", "104:1"]);
    expect(api.positions.get("22423|UK-DC")).toEqual({
      unrestricted: 0,
      picked: 0,
      quarantine: 4,
      book: 14,
      lowest: 0,
    });
  });

  it("follows the order: what is sold, then its opening, then each day's orders before its stock events", async () => {
    await summaryOf("uci-online-retail", dir);
    const steps = api.sent.map(({ mutation }) => mutation);
    const day = ["allocateOrder", "recordStockEvents"];
    expect(steps.filter((step, i) => step !== steps[i - 1])).toEqual([
      "saveLocations",
      "saveProducts",
      "saveBookBalances",
      "recordStockEvents",
      ...day,
      ...day,
      "authorizeReturn",
      "receiveReturn",
      ...day,
    ]);
  });

  it("a second time changes nothing and says that everything is there", async () => {
    const first = await summaryOf("uci-online-retail", dir);
    const positions = structuredClone([...api.positions]);
    const second = await summaryOf("uci-online-retail", dir);
    expect(second).toEqual({
      ...first,
      seconds: second.seconds,
      alreadyThere: {
        products: 3,
        locations: 1,
        bookBalances: 3,
        purchaseOrders: 0,
        events: 12,
        orders: 3,
        returns: 1,
      },
    });
    expect([...api.positions]).toEqual(positions);
  });

  it("a second time after the keys are forgotten and stock has moved changes nothing either", async () => {
    await summaryOf("uci-online-retail", dir);
    const cakestand = api.positions.get("22423|UK-DC");
    if (cakestand) Object.assign(cakestand, { book: 1, unrestricted: 1 });
    api.forgetKeys();
    const { alreadyThere, events, returns, rejected } = await summaryOf("uci-online-retail", dir);
    expect(alreadyThere).toMatchObject({ bookBalances: 3, events, returns, orders: 3 });
    expect(rejected).toBe(2);
    expect(cakestand).toMatchObject({ book: 1, unrestricted: 1, quarantine: 4 });
  });

  it("of some months takes the opening stock from those alone", async () => {
    expect(await summaryOf("uci-online-retail", dir, "--months", "2011-01")).toMatchObject({ products: 1, onHand: 0 });
    expect(api.positions.get("85123A|UK-DC")?.book).toBe(5);
  });

  it("of other months than before is refused its opening, and says so", async () => {
    writeLedger("2011-02", ["105,85123A,HEART,7,2011-02-01 10:00:00,2.55,,Norway"]);
    await summaryOf("uci-online-retail", dir, "--months", "2011-01");
    const { exitCode, stdout, stderr } = await run(["uci-online-retail", dir, "--months", "2011-01,2011-02"]);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ rejected: 1, refusals: { EVENT_ID_REUSED: 1 } });
    expect(stderr).toBe("refused: events: EVENT_ID_REUSED: Another content.\n");
  });

  it("waits for a warehouse that has not heard of the products yet", async () => {
    api.earlyEvents = 5;
    expect(await summaryOf("uci-online-retail", dir)).toMatchObject({ events: 12, rejected: 2 });
    expect(api.positions.get("22423|UK-DC")?.lowest).toBe(0);
  });

  it("writes every finding to a file when asked to", async () => {
    const file = join(dir, "findings.jsonl");
    await summaryOf("uci-online-retail", dir, "--findings", file);
    const findings = readFileSync(file, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(findings).toEqual([
      expect.objectContaining({
        code: "NON_PRODUCT_CODE",
        file: "online-retail-2010-12.csv.gz",
        line: 2,
        subject: "B",
      }),
      expect.objectContaining({ code: "NON_PRODUCT_CODE", line: 5, subject: "POST" }),
    ]);
  });

  it("shows a bar on a terminal and still prints one line of JSON", async () => {
    const { stdout, stderr } = await run(["uci-online-retail", dir], { isTTY: true });
    expect(stderr).toContain("100 % ledger");
    expect(stderr.endsWith("\r\u001b[2K")).toBe(true);
    expect(stdout.split("\n")).toHaveLength(2);
  });
});

describe("the caller", () => {
  it("without a token of its own is the import, with the roles of the systems it speaks for", async () => {
    writeLedger("2011-01", january);
    vi.stubEnv("DATA_DIR", dir);
    const seen = new Set<string>();
    const fetch: FakeApi["fetch"] = (url, init) => {
      seen.add(String((init.headers as Record<string, string>)["authorization"]));
      return api.fetch(url, init);
    };
    expect(await run(["uci-online-retail", dir], { fetch, token: null })).toMatchObject({ exitCode: 0, stderr: "" });
    const [authorization] = [...seen];
    const { auth } = toConfig(readEnv());
    expect(await createAuthenticator(auth, systemClock).authenticate(authorization)).toMatchObject({
      person: "import:uci-online-retail",
      roles: new Set(["connector-erp", "connector-wms", "returns-desk", "planner"]),
    });
    vi.unstubAllEnvs();
  });
});

describe("a request that cannot be met ends with 1 and says why", () => {
  it.each([
    [["nothing-like-it", "."], "No such profile: nothing-like-it. Known: adventureworks, uci-online-retail."],
    [["adventureworks"], "PROFILE and DIR are needed."],
    [["adventureworks", "no-such-dir"], "No such directory: no-such-dir."],
    [["uci-online-retail", "no-such-dir"], "No such directory: no-such-dir."],
    [["adventureworks", ".", "--months", "2010-12"], "adventureworks has no months to choose from."],
    [["uci-online-retail", ".", "--months", "2010-13"], '--months: "2010-13" is not a month like 2010-12.'],
    [["uci-online-retail", ".", "--url", "nowhere"], '--url: "nowhere" is not a URL.'],
    [["uci-online-retail", ".", "--colour"], "Unknown option '--colour'"],
    [["uci-online-retail", ".", "--findings", "no-such-dir/f"], "--findings: ENOENT"],
  ])("%j", async (argv, message) => {
    const { exitCode, stdout, stderr } = await run(argv);
    expect(stderr).toContain(message);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(api.sent).toEqual([]);
  });

  it("names the files that are missing", async () => {
    writeFileSync(join(dir, "Product.csv"), "");
    expect((await run(["adventureworks", dir])).stderr).toMatch(
      /Missing in .*: ProductCategory\.csv, .*Detail\.csv\.\n$/,
    );
    const months = ["--months", "2010-12,2011-01"];
    writeLedger("2010-12", december);
    expect((await run(["uci-online-retail", dir, ...months])).stderr).toMatch(/: online-retail-2011-01\.csv\.gz\.\n$/);
  });

  it("names a file that is not what it should be", async () => {
    writeFileSync(join(dir, "online-retail-2010-12.csv.gz"), "not zipped");
    expect((await run(["uci-online-retail", dir])).stderr).toContain("online-retail-2010-12.csv.gz cannot be read");
    writeFileSync(join(dir, "online-retail-2010-12.csv.gz"), gzipSync("a,b\n1,2\n"));
    expect((await run(["uci-online-retail", dir])).stderr).toContain("line 1: the header InvoiceNo,");
    writeLedger("2010-12", []);
    expect((await run(["uci-online-retail", dir])).stderr).toBe("The ledger has no lines to import.\n");
  });

  it("names the address that does not answer", async () => {
    const fetch = async () => {
      throw new TypeError("fetch failed", { cause: Object.assign(new Error(), { code: "ECONNREFUSED" }) });
    };
    const { exitCode, stderr } = await run(["adventureworks", dir], { fetch });
    expect(stderr).toBe("http://127.0.0.1:4000/graphql does not answer: ECONNREFUSED.\n");
    expect(exitCode).toBe(1);
  });

  it("says what to do about a token that is not accepted", async () => {
    api.topLevelError = "UNAUTHENTICATED";
    expect((await run(["adventureworks", dir])).stderr).toContain("Pass --token");
  });
});

describe.skipIf(isAbsent(adventureWorksDir))("importing AdventureWorks (needs ../shared/data)", () => {
  it("puts 335,974 units on 1,069 positions, and the second time nothing", async () => {
    const first = await summaryOf("adventureworks", adventureWorksDir);
    expect(first).toMatchObject({
      products: 504,
      locations: 14,
      positions: 1069,
      onHand: 335_974,
      purchaseOrders: 2820,
      events: 1069,
      rejected: 0,
    });
    const second = await summaryOf("adventureworks", adventureWorksDir);
    expect(second.alreadyThere).toEqual({
      products: 504,
      locations: 14,
      bookBalances: 1069,
      purchaseOrders: 2820,
      events: 1069,
      orders: 0,
      returns: 0,
    });
    expect({ ...second, seconds: 0, alreadyThere: 0 }).toEqual({ ...first, seconds: 0, alreadyThere: 0 });
  });
});

describe.skipIf(isAbsent(onlineRetailDir))("importing a month of the real ledger (needs ../shared/data)", () => {
  it("leaves on every SKU: opening − sales + credits + corrections, and never picks what is not there", async () => {
    const summary = await summaryOf("uci-online-retail", onlineRetailDir, "--months", "2010-12");
    const text = gunzipSync(readFileSync(`${onlineRetailDir}/online-retail-2010-12.csv.gz`));
    const onHand = new Map([...api.positions].map(([key, { book }]) => [key, book ?? Number.NaN]));
    for (const [invoice = "", sku = "", , quantity, , price] of (parse(text) as string[][]).slice(1)) {
      const key = `${sku}|UK-DC`;
      const before = onHand.get(key);
      // Sales are positive and leave; credits are negative and come back; corrections count as signed.
      const isCorrection = !invoice.startsWith("C") && Number(price) === 0;
      if (before !== undefined) onHand.set(key, before + (isCorrection ? Number(quantity) : -Number(quantity)));
    }
    const there = [...api.positions].map(
      ([key, { unrestricted, picked, quarantine }]) => [key, unrestricted + picked + quarantine] as const,
    );
    expect(new Map(there)).toEqual(onHand);
    expect([...api.positions.values()].filter(({ lowest }) => lowest < 0)).toEqual([]);
    expect(summary).toMatchObject({
      positions: api.positions.size,
      onHand: there.reduce((sum, [, units]) => sum + units, 0),
    });
  });
});
