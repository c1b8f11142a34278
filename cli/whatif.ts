/**
 * `npm run whatif -- --journal FILE --policy FILE`: prints what other rules would have made of a recorded day.
 *
 * The process around `whatif/run.ts`; docs/whatif.md says what is compared.
 */
import { runWhatif } from "./whatif/run.ts";

process.exitCode = await runWhatif(process.argv.slice(2), { stdout: process.stdout, stderr: process.stderr });
