/** One stage of a scan over layer files, for `scripts/bench.ts`: `node scripts/bench-stage.ts STAGE LIMIT FILE...`; what it cost is told as JSON. */

import { stages } from './bench/stages.ts';

const [name = '', limit = '0', ...layers] = process.argv.slice(2);
const prepare = stages[name];
if (prepare === undefined) throw new Error(`no stage is called ${name}: ${Object.keys(stages).join(', ')}`);
const run = await prepare(layers, Number(limit));
const [cpuBefore, started] = [process.cpuUsage(), performance.now()];
const result = await run();
const { user, system } = process.cpuUsage(cpuBefore);
const wallSeconds = (performance.now() - started) / 1000;
console.log(JSON.stringify({ ...result, wallSeconds, cpuSeconds: (user + system) / 1e6 }));
