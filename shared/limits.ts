/**
 * Every limit of the system, named once, with its unit last.
 *
 * A limit is a promise to the caller and a guard for us: each has a test that crosses it. Deployment settings
 * (hosts, secrets, ports) are not here but in `config.ts`.
 */
export const limits = {
  bodyBytesMax: 1_048_576,
  /** Of a body that is too large, so that its sender gets to read the refusal. */
  bodyDiscardedBytesMax: 16 * 1_048_576,
  queryTokensMax: 10_000,
  queryDepthMax: 20,
  queryAliasesMax: 200,
  /** Selections of one document, its fragments in place. */
  querySelectionsMax: 10_000,
  /** What one operation may cost, in objects (see docs/limits.md). */
  operationCostMax: 50_000,
  /** Operations under way in one gateway; subscriptions count while they begin. */
  operationsAtOnceMax: 2_000,
  /** How long one may wait in a gateway that has no time to spare; how many may be under way there all the same. */
  operationWaitS: 2,
  operationsAlwaysMax: 256,
  /** From which share of its time on a process has none to spare. */
  processBusyShare: 0.95,
  /** How late the event loop may be, and how often that is measured. */
  eventLoopDelayMsMax: 1_000,
  eventLoopMeasureMs: 1_000,
  /** When who was refused for that may come back. */
  overloadRetryS: 1,
  /** How long a gateway may know more of what a caller has used than the others do. */
  rateSettleMs: 100,
  /** Callers whose budgets are remembered in one process; of the others the store knows. */
  ratedCallersMax: 100_000,
  /** How long a list counts as of which the schema says nothing. */
  listSizeAssumed: 10,
  /** Of all query plans that the gateway remembers. */
  queryPlanBytesMax: 50 * 1_048_576,
  /** Of all documents that have been admitted, with what has been made of them. */
  admittedBytesMax: 64 * 1_048_576,

  /** Replies that are kept, and one of them. */
  responseCacheBytesMax: 64 * 1_048_576,
  responseKeptBytesMax: 1_048_576,
  /** How long a reply is kept if nobody says that it is old. */
  responseKeptMs: 400,
  /** How long a document is known by its hash after it was sent. */
  persistedQueryKeptS: 24 * 3_600,
  /** A question that comes again while its reply would still be kept is worth keeping; texts remembered for that, in characters. */
  askedAgainMs: 400,
  askedLengthMax: 16 * 1_048_576,
  /** Changes remembered, so that nothing that was read before them is kept after them. */
  droppedTagsRememberedMax: 50_000,

  /** Of a document that is sent to be taken in; longer ones go through `npm run intake`. */
  intakeBodyBytesMax: 8 * 1_048_576,
  /** Characters of one message of a document, and of what stands around its messages. */
  intakeMessageLengthMax: 4 * 1_048_576,
  intakeSegmentLengthMax: 65_536,
  intakeJsonDepthMax: 100,
  /** Messages of one document whose numbers are remembered, to see what comes twice. */
  intakeSeenMax: 50_000,
  /** Positions that the rows of one table may be about, where rows are added up. */
  intakePositionsMax: 200_000,
  /** Rejections that a receipt lists; all of them are counted. */
  intakeRejectionsListedMax: 1_000,

  /** How often what is open is ranked anew, in pages of so many, and what is due escalated. */
  queueClockEveryMs: 60_000,
  queueClockPageMax: 200,
  /** What has not been heard of for longer is an exception; how often that is looked at. */
  sourceSilentMs: 120_000,
  sourceWatchEveryMs: 10_000,
  /** How often a process tells what it counted of its answers. */
  answersToldEveryMs: 60_000,
  /** Events of one story that are shown, the oldest ones. */
  lineageEventsMax: 1_000,
  /** Of one question about figures: a quarter of a year. */
  kpiHoursMax: 92 * 24,
  /** Events that one replay may tell again, and of them those that are tried out together. */
  replayEventsMax: 5_000,
  replayPartEventsMax: 200,
  /** Differences that a replay lists; all of them are counted. */
  replayDifferencesMax: 200,
  /** How long a caller waits for what a replay would do; it is told to whoever asks later. */
  replayWaitMs: 2_000,
  /** Stock events, and messages that go by themselves, that are sent in one request. */
  intakeBatchEventsMax: 500,
  intakeBatchMessagesMax: 25,

  /** How often differences that are due and runs that are under way are looked for. */
  reconciliationRoundMs: 1_000,
  /** Positions of a run that are read at once, and of those that differ in one transaction. */
  reconciliationPageMax: 2_000,
  reconciliationDueMax: 200,
  /** How long after a count was withdrawn the one that replaces it may still come. */
  recountFollowsMs: 2_000,
  /** How long a run belongs to a process that says nothing. */
  reconciliationLeaseMs: 30_000,
  /** Locations, and SKUs, that one run may name. */
  reconciliationScopeMax: 1_000,
  /** The newest facts of a position that are looked through for the evidence of a case. */
  evidenceFactsMax: 100,

  skuLengthMax: 64,
  locationIdLengthMax: 64,
  channelIdLengthMax: 32,
  documentIdLengthMax: 128,
  eventIdLengthMax: 128,
  unitLengthMax: 16,
  nameLengthMax: 255,
  noteLengthMax: 500,
  reasonCodeLengthMax: 64,
  evidenceMax: 20,
  evidenceLengthMax: 200,
  idempotencyKeyLengthMax: 255,
  personLengthMax: 128,
  quantityMax: 2_147_483_647,

  supplierIdLengthMax: 64,
  productClassLengthMax: 64,
  accountLengthMax: 40,
  locationAccountsMax: 20,
  /** Pages that are read for one that shows locations of some accounts only. */
  unseenPagesMax: 50,
  timeZoneLengthMax: 64,
  searchLengthMax: 100,
  searchWordLengthMax: 64,
  unitsPerProductMax: 50,
  componentsPerProductMax: 100,

  pageSizeMax: 200,
  /** SKUs × locations that one `availability` field may ask for. */
  availabilityPositionsMax: 2_000,
  commandItemsMax: 1_000,
  countLinesMax: 200,

  reservationLinesMax: 200,
  /** Callers that share one transaction; characters that they ask with; positions that it locks. */
  reservationBatchMax: 512,
  reservationBatchLengthMax: 131_072,
  reservationBatchPositionsMax: 2_000,
  /** Of one process: both together fewer than its connections, so that a rush leaves some for the answers. */
  reservationBatchesAtOnceMax: 2,
  reservationsAtOnceMax: 4,
  reservationsInLineMax: 2_000,
  reservationTtlDefaultS: 900,
  reservationTtlMaxS: 7 * 24 * 3_600,
  reservationSweepMs: 1_000,
  /** How long the ERP may take to commit the order of a confirmed reservation before somebody is told. */
  reservationAllocationWaitMs: 24 * 3_600_000,
  /** How long it is remembered what the ERP committed, for a reservation that is confirmed afterwards. */
  orderAllocationKeptMs: 8 * 24 * 3_600_000,

  /** Above it, who asked for a transfer does not approve it. Whole units of the company's currency. */
  transferSelfApprovalValueMax: 1_000,

  /** A line that is later than this counts as this late. */
  latenessDaysMax: 365,
  restockDaysMax: 365,
  /** Kits inside kits. */
  kitDepthMax: 8,

  idempotencyKeptMs: 48 * 3_600_000,
  publishedEventKeptMs: 7 * 24 * 3_600_000,
  inboxKeptMs: 30 * 24 * 3_600_000,
  housekeepingEveryMs: 60_000,

  /** How often audit rows are sealed, and so about how long one may be changed without a trace; rows of one page. */
  auditSealEveryMs: 500,
  auditSealPageMax: 500,
  /** Gaps looked into at once; how long an id that was given out may still be committed. */
  auditGapPageMax: 200,
  auditGapWatchedMs: 24 * 3_600_000,
  /** A row that has waited longer than this is not going to be sealed soon. */
  auditOverdueMs: 60_000,
  /** Attempts of one person at what is forbidden that are rows of their own, in so long; the rest is one row. */
  refusedAttemptsAuditedMax: 20,
  refusedAttemptsWindowMs: 60_000,
  auditHeadEveryMs: 60_000,
  /** Sealed rows that one event carries to those who keep copies, how often they are sent, and events that wait there. */
  auditCopiesPerEventMax: 50,
  auditCopyEveryMs: 1_000,
  auditStreamLengthMax: 5_000,
  /** Copies that are verified at once, of each system. */
  auditCopiesVerifiedMax: 1_000,
  auditReadPageMax: 1_000,
  /** Seals that one request may have verified. */
  auditVerifiedMax: 1_000,

  transactionAttemptsMax: 8,
  transactionBackoffMs: 10,
  lockWaitS: 5,
  /** How long a process that starts waits for another one that is upgrading the same database. */
  migrationWaitS: 60,
  databasePoolSize: 10,
  databaseQueueMax: 500,

  /** Less than a subgraph has for an answer: who asks the cache in vain can still ask the database. */
  redisCommandMs: 1_000,
  eventPartitions: 8,
  relayBatchMax: 500,
  relayPollMs: 500,
  /** Events just committed that a relay need not read again. */
  relayOwnEventsMax: 5_000,
  /** Between two looks at rows that have to wait for another relay's. */
  relayWaitMs: 10,
  relayClaimMs: 5_000,
  consumerBatchMax: 500,
  /** Transactions of one consumer under way at the same time. */
  consumerBatchesAtOnceMax: 4,
  consumerAttemptsMax: 5,
  consumerBackoffMs: 50,
  /** A posting that the books refuse: 30 s, 1 min, 2 min, … between the attempts, over four hours in all. */
  postingAttemptsMax: 10,
  postingRetryBackoffMs: 30_000,
  postingRetryEveryMs: 5_000,
  /** A dead letter whose trouble may pass: 5 s, 10 s, 20 s, … between the attempts, over forty minutes in all. */
  letterAttemptsMax: 10,
  letterBackoffMs: 5_000,
  letterRedriveEveryMs: 1_000,
  /** Of what a dead letter says, shown to whoever looks at it; characters. */
  letterPayloadLengthMax: 4_000,
  /** Dead letters that one request may have tried again, and of them those that one event names. */
  redriveLettersMax: 1_000,
  redrivePartLettersMax: 200,
  /** What a partner calls an item, a place, a unit or a reason. */
  partnerCodeLengthMax: 64,
  /** Versions of a mapping that are shown. */
  mappingVersionsMax: 50,
  /** Events that are kept with their texts while readers of a stream come by. */
  eventTextsMax: 4_000,
  streamBlockMs: 1_000,
  streamLengthMax: 100_000,
  streamLagMax: 10_000,
  streamLagWaitMs: 5_000,
  streamLagCheckMs: 250,
  leaseMs: 5_000,
  heartbeatEveryMs: 1_000,

  /** How long a missing sequence number may be on its way before the position counts as DEGRADED. */
  gapHoldMs: 2_000,
  aheadMax: 256,
  resyncEveryMs: 10_000,
  policyPollMs: 1_000,
  /** How long after an approval its effect is told: by then every replica has seen the new policy. */
  policyTellWaitMs: 2_000,
  /** Effects of proposed policies that one request may ask for, and how long each is computed in one go. */
  policyEffectsMax: 4,
  policyEffectMs: 2_000,
  /** How long a warehouse fact waits for master data that may still be on its way. */
  masterDataWaitMs: 1_500,

  subgraphQueryMs: 3_000,
  subgraphMutationMs: 20_000,
  subgraphConnectMs: 1_000,
  subgraphConnectionsMax: 64,
  /** Calls in a row that an owner may leave unanswered before it is left alone. */
  breakerFailuresMax: 10,
  /** How long it is left alone, and so how long its return may go unnoticed. */
  breakerRetryMs: 500,
  subgraphResponseBytesMax: 64 * 1_048_576,
  /** Errors of their own that one unanswered call to a subgraph gives to the fields it leaves null. */
  sourceErrorsMax: 100,
  readyCheckMs: 2_000,
  requestReceiveMs: 30_000,
  compositionWaitMs: 60_000,
  compositionRetryMs: 250,
  drainMs: 10_000,
  /** How long a process may say that it is going to stop; what is left afterwards of its whole end, requests drained. */
  stopNoticeMsMax: 60_000,
  stopRestMs: 10_000,

  /** What a scrape of metrics waits for each reading, how long a reading holds, and up to how many rows it counts. */
  scrapeReadMs: 500,
  scrapeKeptMs: 1_000,
  scrapeRowsMax: 10_000,
  scrapeLettersMax: 1_000,
  /** How long the end of a process waits for its last spans to be taken. */
  traceFlushMs: 2_000,

  /** Of one message a client sends over a WebSocket. */
  socketMessageBytesMax: 262_144,
  /** Written to a socket and not yet taken by its reader. */
  socketBufferedBytesMax: 4 * 1_048_576,
  socketInitMs: 5_000,
  socketPingMs: 15_000,
  /** Of one person; of one address where callers are anonymous. */
  socketsPerIdentityMax: 200,
  /** Subscriptions, queries and mutations under way on one socket. */
  operationsPerSocketMax: 100,
  /** SKUs, and locations, that one subscription may name. */
  subscriptionFilterMax: 2_000,
  /** Changes waiting for one slow reader before those of the same position become one. */
  pendingChangesMax: 1_024,
  /** Positions waiting for one slow reader before its socket is closed. */
  pendingPositionsMax: 2_048,
  slowReaderMs: 30_000,
  subscriptionExecutionsAtOnceMax: 16,
  /** Documents of subscriptions whose plan a gateway remembers. */
  subscriptionDocumentsMax: 1_000,
  /** Of each partition, read and executed at once for everybody. */
  changePageMax: 64,
  /** Of each partition, read at once for one client who comes back. */
  resumePageMax: 32,
  /** Positions whose last version a hub remembers, to drop what comes late or twice. */
  knownVersionsMax: 200_000,
  cursorLengthMax: 1_024,
  /** How long a reader of the log of changes waits for the next one before it looks whether the log still answers. */
  logBlockMs: 100,
  /** A log of changes that has not answered for longer than this may have told others what we do not know. */
  logSilenceMs: 300,
  /** How often a process looks for changes that are committed and not published yet, and how old a look may be. */
  unpublishedLookMs: 200,
  unpublishedLookAgeMs: 450,
  /** More of them than this, and nothing that is kept is relied on. */
  unpublishedPositionsMax: 1_000,
  /** Kept in one process: positions, and master data. Bytes as `sizeOf` estimates them. */
  positionCacheBytesMax: 192 * 1_048_576,
  masterCacheBytesMax: 64 * 1_048_576,
  /** A safety net, less up to a tenth of it: what is kept is dropped when it changes. */
  cacheKeptMs: 600_000,
  /** Who is not answered by the shared cache within this time asks the database. */
  cacheReadMs: 100,
  /** What took longer than this to read is not put where others read it. */
  cacheFillMs: 1_000,

  /** Changes that the bus inside one process keeps for those who come back. */
  memoryLogMax: 10_000,
  clockSkewS: 30,
  /** How long a subgraph believes what the gateway says of a caller. */
  signedIdentityS: 60,
  /** Keys of an identity provider: how long to wait for them, when they are looked at again, how long they go on while
   * it does not answer, and how long it is left alone after it has been asked. */
  jwksFetchMs: 3_000,
  jwksRenewMs: 600_000,
  jwksTrustedMs: 24 * 3_600_000,
  jwksCooldownMs: 30_000,
} as const;
