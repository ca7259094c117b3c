#!/usr/bin/env node
/** The program. Nothing is imported before the check: on an older Node.js the imports themselves would fail, without a word a user understands. */

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(`whichlayer: needs Node.js 22.18 or newer; this is ${process.version} (${process.execPath}).\n`);
  process.exitCode = 2;
} else {
  const { main } = await import('./program.ts');
  await main();
}

export {};
