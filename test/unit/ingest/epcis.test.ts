/**
 * EPCIS: one event in every notation is one event, what each step moves, and documents that cannot be read on.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { preHashText } from "../../../ingest/epcis-hash.ts";
import { namespacesOf } from "../../../ingest/epcis-names.ts";
import { canonicalUri, checkDigit } from "../../../ingest/gs1-ids.ts";
import { limits } from "../../../shared/limits.ts";
import { messagesOf, outcomeOf, readAll } from "../../helpers/intake.ts";

const context = [
  "https://ref.gs1.org/standards/epcis/epcis-context.jsonld",
  { example: "https://ns.example.com/epcis" },
];

const departing = {
  type: "ObjectEvent",
  eventTime: "2020-03-04T11:00:30.999+01:00",
  recordTime: "2020-03-04T11:00:31.999+01:00",
  eventTimeZoneOffset: "+01:00",
  epcList: ["urn:epc:id:sgtin:0614141.011111.987"],
  action: "OBSERVE",
  bizStep: "departing",
  disposition: "in_transit",
  readPoint: { id: "urn:epc:id:sgln:4012345.00011.0", "example:myField1": "AB-12" },
  bizTransactionList: [{ type: "po", bizTransaction: "urn:epc:id:gdti:4012345.11111.123" }],
  sourceList: [{ type: "owning_party", source: "urn:epc:id:pgln:4012345.00000" }],
  destinationList: [{ type: "owning_party", destination: "urn:epc:id:pgln:0614141.00000" }],
  "example:userExt": "CD-34",
};

const receiving = {
  ...{ type: "ObjectEvent", eventTime: "2026-03-01T08:00:00.000Z", eventTimeZoneOffset: "+01:00", action: "OBSERVE" },
  ...{ bizStep: "receiving", disposition: "in_progress" },
  epcList: [
    "urn:epc:id:sgtin:4012345.011111.1",
    "urn:epc:id:sgtin:4012345.011111.2",
    "urn:epc:id:sscc:4012345.0000000333",
  ],
  quantityList: [{ epcClass: "urn:epc:class:lgtin:4012345.022222.L1", quantity: 5 }],
  readPoint: { id: "urn:epc:id:sgln:4012345.00001.7" },
  bizTransactionList: [
    { type: "po", bizTransaction: "http://example.com/po/1" },
    { type: "inv", bizTransaction: "http://example.com/inv/1" },
  ],
  "example:note": { "example:b": ["2", "1"], "example:a": "x" },
};

const documentOf = (events: readonly object[], own: unknown = context) =>
  JSON.stringify({ "@context": own, type: "EPCISDocument", schemaVersion: "2.0", epcisBody: { eventList: events } });

describe("an event", () => {
  it("is hashed from the text that CBV 2.0 describes, as its reference implementation prints it", () => {
    expect(preHashText(departing, namespacesOf(context))).toBe(
      [
        "eventType=ObjectEventeventTime=2020-03-04T10:00:30.999ZeventTimeZoneOffset=+01:00",
        "epcListepc=https://id.gs1.org/01/00614141111114/21/987action=OBSERVE",
        "bizStep=https://ref.gs1.org/cbv/BizStep-departingdisposition=https://ref.gs1.org/cbv/Disp-in_transit",
        "readPointid=https://id.gs1.org/414/4012345000115",
        "bizTransactionListtype=https://ref.gs1.org/cbv/BTT-pobizTransaction=https://id.gs1.org/253/4012345111118123",
        "sourceListtype=https://ref.gs1.org/cbv/SDT-owning_partysource=https://id.gs1.org/417/4012345000009",
        "destinationListtype=https://ref.gs1.org/cbv/SDT-owning_partydestination=https://id.gs1.org/417/0614141000005",
        "readPoint{https://ns.example.com/epcis}myField1=AB-12{https://ns.example.com/epcis}userExt=CD-34",
      ].join(""),
    );
  });

  const notations: Readonly<Record<string, readonly [event: object, context?: unknown]>> = {
    "another time zone of the same moment": [{ ...receiving, eventTime: "2026-03-01T09:00:00+01:00" }],
    "Digital Links": [
      {
        ...receiving,
        epcList: [
          "https://id.gs1.org/01/04012345111118/21/1",
          "https://shop.example/x/01/04012345111118/10/L/21/2?a=b",
          "https://id.gs1.org/00/040123450000003338",
        ],
        quantityList: [{ epcClass: "https://id.gs1.org/01/04012345222227/10/L1", quantity: 5.0 }],
        readPoint: { id: "https://id.gs1.org/414/4012345000016/254/7" },
      },
    ],
    "URNs of the vocabulary": [
      {
        ...receiving,
        bizStep: "urn:epcglobal:cbv:bizstep:receiving",
        disposition: "https://ns.gs1.org/cbv/Disp-in_progress",
      },
    ],
    CURIEs: [{ ...receiving, type: "epcis:ObjectEvent", bizStep: "cbv:BizStep-receiving" }],
    "lists in another order": [
      {
        ...receiving,
        epcList: [...receiving.epcList].reverse(),
        bizTransactionList: [...receiving.bizTransactionList].reverse(),
      },
    ],
    "another prefix for the same namespace": [
      { ...receiving, "example:note": undefined, "other:note": { "other:a": "x", "other:b": ["1", "2"] } },
      [context[0], { other: "https://ns.example.com/epcis" }],
    ],
    "its members in another order": [Object.fromEntries(Object.entries(receiving).reverse())],
    "an id, a time of recording and a comment of its own": [
      { ...receiving, eventID: "urn:uuid:1", recordTime: "2026-04-01T00:00:00Z", "rdfs:comment": "copied" },
    ],
  };

  it.each(Object.keys(notations))("is the same event with %s", (name) => {
    const [event, own = context] = notations[name] as readonly [object, unknown?];
    const [plain] = messagesOf(readAll("epcis", documentOf([receiving])));
    const [other] = messagesOf(readAll("epcis", documentOf([event], own)));
    expect(other?.identity).toBe(plain?.identity);
    expect(other?.commands).toEqual(plain?.commands);
    if (own === context) expect(outcomeOf(readAll("epcis", documentOf([receiving, event])))).toMatch(/ dup$/);
  });

  it("is another event when anything that happened is another", () => {
    const changes = [
      { eventTime: "2026-03-01T08:00:00.001Z" },
      { action: "ADD" },
      { "example:note": "y" },
      { epcList: receiving.epcList.slice(1) },
    ];
    const documents = [{}, ...changes].map((change) => readAll("epcis", documentOf([{ ...receiving, ...change }])));
    expect(new Set(documents.map((items) => messagesOf(items)[0]?.identity)).size).toBe(changes.length + 1);
  });

  it("counts instances, takes quantities, and leaves logistic units alone", () => {
    const [message] = messagesOf(readAll("epcis", documentOf([receiving])));
    expect(message?.commands).toMatchObject([
      {
        events: [
          {
            type: "RECEIPT",
            sku: "04012345111118",
            quantity: 2,
            locationId: "4012345000016.7",
            occurredAt: "2026-03-01T08:00:00.000Z",
          },
          {
            type: "RECEIPT",
            sku: "04012345222227",
            quantity: 5,
            documentRef: { type: "PURCHASE_ORDER", id: "http://example.com/po/1" },
          },
        ],
      },
    ]);
  });

  const steps: readonly (readonly [step: string, disposition: string | undefined, outcome: object])[] = [
    ["receiving", "damaged", { type: "RECEIPT", toBucket: "DAMAGED" }],
    ["receiving", "returned", { type: "RECEIPT", toBucket: "QUARANTINE" }],
    ["stocking", undefined, { type: "PUTAWAY" }],
    ["picking", undefined, { type: "PICK" }],
    ["shipping", "in_transit", { type: "SHIPMENT" }],
    ["void_shipping", undefined, { type: "SHIPMENT_VOID" }],
    ["holding", undefined, { type: "STATUS_CHANGE", fromBucket: "UNRESTRICTED", toBucket: "HOLD" }],
    ["inspecting", "expired", { type: "STATUS_CHANGE", toBucket: "EXPIRED" }],
    ["destroying", undefined, { type: "ADJUSTMENT", quantity: -2, reasonCode: "DESTROYED" }],
    ["stock_taking", undefined, { type: "SNAPSHOT", buckets: { unrestricted: 2 } }],
  ];

  it.each(steps)("of %s (%s) gives its fact, and declared in error the reverse", (bizStep, disposition, outcome) => {
    const { quantityList: _, ...event } = { ...receiving, bizStep, disposition };
    const [said] = messagesOf(readAll("epcis", documentOf([event])));
    expect(said?.commands).toMatchObject([{ events: [outcome] }]);
    const declared = readAll(
      "epcis",
      documentOf([{ ...event, errorDeclaration: { declarationTime: "2026-03-02T00:00:00Z" } }]),
    );
    if (bizStep === "stock_taking") expect(outcomeOf(declared)).toBe("!CORRECTION_UNSUPPORTED");
    else expect(messagesOf(declared)[0]?.identity).toBe(`${said?.identity}:error`);
  });

  it("that moves nothing here is recognised, and one that cannot be counted is refused whole", () => {
    expect(outcomeOf(readAll("epcis", documentOf([{ ...receiving, bizStep: "cycle_counting" }])))).toBe("ack");
    expect(outcomeOf(readAll("epcis", documentOf([{ ...receiving, bizStep: undefined }])))).toBe("ack");
    const half = { ...receiving, quantityList: [{ epcClass: "urn:epc:class:lgtin:4012345.022222.L1", quantity: 0.5 }] };
    expect(outcomeOf(readAll("epcis", documentOf([half])))).toBe("!QUANTITY_NOT_WHOLE");
    expect(outcomeOf(readAll("epcis", documentOf([{ ...receiving, readPoint: undefined }])))).toBe("!LOCATION_MISSING");
    expect(outcomeOf(readAll("epcis", documentOf([{ ...receiving, type: "PartyEvent" }])))).toBe(
      "!MESSAGE_TYPE_UNKNOWN",
    );
    expect(outcomeOf(readAll("epcis", documentOf([{ ...receiving, eventTime: "2026-02-30T08:00:00Z" }])))).toBe(
      "!DATE_INVALID",
    );
    expect(outcomeOf(readAll("epcis", documentOf([{ ...receiving, action: "GUESS" }])))).toBe("!VALUE_INVALID");
  });
});

describe("a document", () => {
  it("may have its context behind its events, while it is short", () => {
    const late = (events: readonly object[]) =>
      JSON.stringify({ type: "EPCISDocument", epcisBody: { eventList: events }, "@context": context });
    const [early] = messagesOf(readAll("epcis", documentOf([receiving])));
    expect(messagesOf(readAll("epcis", late([receiving])))[0]?.identity).toBe(early?.identity);
    const filling = "x".repeat(limits.intakeMessageLengthMax / 2);
    const long = Array.from({ length: 4 }, (_, i) => ({ ...receiving, "example:note": `${i}${filling}` }));
    expect(outcomeOf(readAll("epcis", late(long), { cuts: [100_000] }))).toMatch(/^!CONTEXT_LATE/);
  });

  it("that is none of ours, is broken or too deep is refused with what is wrong", () => {
    expect(outcomeOf(readAll("epcis", '{"type":"EPCISDocument","epcisBody":{}}'))).toBe("!DOCUMENT_UNSUPPORTED");
    expect(outcomeOf(readAll("epcis", "<epcis/>"))).toBe("!JSON_MALFORMED");
    expect(outcomeOf(readAll("epcis", documentOf([receiving]).slice(0, -1)))).toBe("RECEIPT*2 !DOCUMENT_TRUNCATED");
    expect(outcomeOf(readAll("epcis", "[".repeat(limits.intakeJsonDepthMax + 1)))).toBe("!JSON_MALFORMED");
    expect(outcomeOf(readAll("epcis", documentOf([receiving]).replace("receiving", "\\x")))).toBe("!JSON_MALFORMED");
    const broken = Buffer.concat([Buffer.from('[{"a":"'), Buffer.from([0xff]), Buffer.from('"}]')]);
    expect(outcomeOf(readAll("epcis", broken))).toBe("!JSON_MALFORMED");
    const large = documentOf([{ ...receiving, "example:note": "x".repeat(limits.intakeMessageLengthMax) }]);
    expect(outcomeOf(readAll("epcis", large))).toBe("!MESSAGE_TOO_LARGE");
    expect(outcomeOf(readAll("epcis", large, { cuts: [1_000, 2_000_000] }))).toBe("!MESSAGE_TOO_LARGE");
  });
});

describe("GS1 identifiers", () => {
  it.each([
    ["urn:epc:id:sscc:4012345.0000000333", "https://id.gs1.org/00/040123450000003338"],
    ["urn:epc:id:grai:4012345.55555.987", "https://id.gs1.org/8003/04012345555554987"],
    ["urn:epc:id:giai:4000001.12345", "https://id.gs1.org/8004/400000112345"],
    ["urn:epc:idpat:sgtin:4012345.066666.*", "https://id.gs1.org/01/04012345666663"],
    ["urn:epc:id:sgtin:4012345.011111.a%2Fb", "https://id.gs1.org/01/04012345111118/21/a%2Fb"],
    ["urn:epc:id:cpi:4012345.ABC.123", "https://id.gs1.org/8010/4012345ABC/8011/123"],
    ["https://example.com/gtin/01/614141111114", "https://id.gs1.org/01/00614141111114"],
    ["urn:epc:id:sgtin:4012345.1.1", "urn:epc:id:sgtin:4012345.1.1"],
    ["http://transaction.acme.com/po/12345678", "http://transaction.acme.com/po/12345678"],
  ])("%s is %s", (uri, canonical) => {
    expect(canonicalUri(uri)).toBe(canonical);
    expect(canonicalUri(canonical)).toBe(canonical);
  });

  it("a check digit makes the weighted sum a multiple of ten", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^\d{13}$/), (digits) => {
        const all = [...digits, ...checkDigit(digits)].reverse().map(Number);
        expect(all.reduce((sum, digit, i) => sum + digit * (i % 2 === 0 ? 1 : 3), 0) % 10).toBe(0);
      }),
    );
  });
});
