/**
 * `npm run token`: prints a bearer token for the local secret (AUTH_SECRET, or the one kept in DATA_DIR).
 *
 * Only the token goes to stdout, so that `TOKEN=$(npm run --silent token -- …)` works; everything else is an error
 * message on stderr and exit code 1. With AUTH_JWKS_URL set there is no token to make here: its owner makes them.
 */
import { systemClock } from "../shared/clock.ts";
import { readEnv, toConfig } from "../shared/config.ts";
import { issueToken } from "../shared/identity.ts";
import { runMain } from "../shared/lifecycle.ts";
import { toTokenRequest } from "./token-arguments.ts";

runMain(async () => {
  const request = toTokenRequest(process.argv.slice(2));
  const token = await issueToken(toConfig(readEnv()).auth, request, systemClock);
  process.stdout.write(`${token}\n`);
});
