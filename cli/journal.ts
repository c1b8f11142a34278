/**
 * `npm run journal -- --from TIME --to TIME`: writes a stretch of the journal to stdout, for `npm run whatif`.
 *
 * The process around `whatif/run.ts`.
 */
import { runJournal } from "./whatif/run.ts";

process.exitCode = await runJournal(process.argv.slice(2), { stdout: process.stdout, stderr: process.stderr });
