/**
 * `npm run import -- PROFILE DIR [--url URL --token T]`: loads a data set through the public API.
 *
 * The process around `import/run.ts`; docs/import.md says what each profile does.
 */
import { runImport } from "./import/run.ts";

process.exitCode = await runImport(process.argv.slice(2), { stdout: process.stdout, stderr: process.stderr });
