/**
 * A gate: one side waits, the other opens. What tests use instead of sleeping.
 *
 * `barrier` opens when a number of parties have arrived; who comes later passes.
 */
export interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

export function gate(): Gate {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** Each call waits until `parties` calls have been made. */
export function barrier(parties: number): () => Promise<void> {
  const all = gate();
  let arrived = 0;
  return () => {
    arrived += 1;
    if (arrived >= parties) all.open();
    return all.opened;
  };
}
