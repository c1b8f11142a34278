/**
 * An ordinary graphql-ws client over ws, and what a test wants to know of one: what came, how it ended.
 */
import { type Client, type ClientOptions, createClient, type ExecutionResult } from "graphql-ws";
import { vi } from "vitest";
import { WebSocket } from "ws";

export interface Ending {
  readonly code: number;
  readonly reason: string;
}

export interface Socket {
  readonly client: Client;
  /** Resolves when the server, or the network, has closed it. */
  readonly closed: Promise<Ending>;
  /** As if the network were gone. */
  cut(): void;
  subscribe<T = Data>(query: string, variables?: Record<string, unknown>): Stream<T>;
  /** One operation with one answer. */
  ask(query: string, variables?: Record<string, unknown>): Promise<ExecutionResult<Data>>;
}

// biome-ignore lint/suspicious/noExplicitAny: a test knows the shape of what it asked for.
export type Data = Record<string, any>;

export interface Stream<T> {
  readonly results: ExecutionResult<T>[];
  /** The error that ended it, if one did. */
  readonly ended: Promise<unknown>;
  /** Waits until so many results have come. */
  first(count: number): Promise<ExecutionResult<T>[]>;
  /** Waits until one of them is like this. */
  find(isIt: (data: T) => boolean): Promise<ExecutionResult<T>>;
  stop(): void;
}

/** Opens one connection, which is not tried again. `url`: of the API over HTTP. */
export function openSocket(url: string, token?: string, options: Partial<ClientOptions> = {}): Socket {
  let opened: WebSocket | undefined;
  let onClosed = (_: Ending) => {};
  const closed = new Promise<Ending>((resolve) => {
    onClosed = resolve;
  });
  const client = createClient({
    url: url.replace(/^http/, "ws"),
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    lazy: false,
    onNonLazyError: () => {},
    ...(token ? { connectionParams: { authorization: `Bearer ${token}` } } : {}),
    ...options,
    on: {
      opened: (socket) => {
        opened = socket as WebSocket;
      },
      closed: (event) => onClosed(event as Ending),
    },
  });
  return {
    client,
    closed,
    cut: () => opened?.terminate(),
    subscribe: (query, variables = {}) => listen(client, query, variables),
    ask: (query, variables = {}) =>
      new Promise((resolve, reject) => {
        let answer: ExecutionResult<Data> | undefined;
        client.subscribe<Data>(
          { query, variables },
          {
            next: (result) => {
              answer = result as ExecutionResult<Data>;
            },
            error: reject,
            complete: () => resolve(answer as ExecutionResult<Data>),
          },
        );
      }),
  };
}

function listen<T>(client: Client, query: string, variables: Record<string, unknown>): Stream<T> {
  const results: ExecutionResult<T>[] = [];
  let stop = () => {};
  const ended = new Promise<unknown>((resolve) => {
    stop = client.subscribe<T>(
      { query, variables },
      {
        next: (result) => results.push(result as ExecutionResult<T>),
        error: resolve,
        complete: () => resolve(undefined),
      },
    );
  });
  return {
    results,
    ended,
    stop: () => stop(),
    async first(count) {
      await arrival(() => results.length >= count);
      return results.slice(0, count);
    },
    async find(isIt) {
      const found = () => results.find(({ data }) => data && isIt(data));
      await arrival(() => found() !== undefined);
      return found() as ExecutionResult<T>;
    },
  };
}

function arrival(hasCome: () => boolean): Promise<void> {
  const check = () => {
    if (!hasCome()) throw new Error("it has not come");
  };
  return vi.waitFor(check, { timeout: 20_000, interval: 10 });
}

/** A socket of a client with manners of its own: the code it ends with, or why it could not be opened. */
export function endOf(url: string, onOpen: (socket: WebSocket) => void = () => {}): Promise<number | string> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url.replace(/^http/, "ws"), "graphql-transport-ws");
    socket.on("open", () => onOpen(socket));
    socket.on("close", resolve);
    socket.on("error", ({ message }) => resolve(message));
  });
}
