/**
 * Why the gateway closes a WebSocket: every code of ours, in one table.
 *
 * 4400 to 4429 are the protocol's own (graphql-transport-ws) where it names them; clients of graphql-ws do not try
 * again after 4401 and 4429, and do after the others. Explained to clients in `docs/subscriptions.md`.
 */
export const closeCodes = {
  UNAUTHENTICATED: { code: 4401, reason: "UNAUTHENTICATED: the bearer token is not valid" },
  IDENTITY_UNAVAILABLE: {
    code: 4513,
    reason: "IDENTITY_UNAVAILABLE: the token's issuer does not answer; reconnect later",
  },
  TOKEN_EXPIRED: { code: 4440, reason: "TOKEN_EXPIRED: reconnect with a new token and your cursor" },
  TOO_MANY_CONNECTIONS: { code: 4429, reason: "TOO_MANY_CONNECTIONS: close one, or share one" },
  TOO_SLOW: { code: 4413, reason: "TOO_SLOW: changes wait for longer than they are kept; reconnect with your cursor" },
  GOING_AWAY: { code: 4503, reason: "GOING_AWAY: reconnect with your cursor" },
  INTERNAL: { code: 4500, reason: "INTERNAL" },
} as const;

export type CloseName = keyof typeof closeCodes;
