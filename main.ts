/**
 * npm start: the whole system in this process, with the demo distributor on a new directory.
 *
 * The line `ready URL` on stdout comes when everything answers; SIGTERM stops in order.
 */
import { createDemo } from "./demo/demo.ts";
import { readEnv, toConfig } from "./shared/config.ts";
import { createLifecycle, runMain, stopOnSignal } from "./shared/lifecycle.ts";
import { createSystem } from "./system.ts";

runMain(async () => {
  const config = toConfig(readEnv());
  const system = await createSystem(config);
  const { clock, log } = system.kernel;
  const demo = createDemo({ config, clock, log, url: system.url, drain: system.drain });
  const everything = createLifecycle([{ name: "system", ...system }, demo], log);
  stopOnSignal(everything, log, config);
  await everything.start();
  process.stdout.write(`ready ${system.url()}\n${await demo.banner()}`);
});
