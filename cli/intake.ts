/**
 * `npm run intake -- FILE… [--dry-run]`: takes in documents of partners through the public API.
 *
 * The process around `intake/run.ts`; docs/intake.md says what each message becomes.
 */
import { runIntake } from "./intake/run.ts";

process.exitCode = await runIntake(process.argv.slice(2), { stdout: process.stdout, stderr: process.stderr });
