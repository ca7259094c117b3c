/**
 * A Debian root file system with Python and Node packages, as most images are based on one: nothing in it may be
 * reported with medium or high confidence unless it is a real key. The mirror is the machine's own.
 */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { after, before, describe, it } from 'mocha';
import { assembleImage } from '../support/build-image.ts';
import { onlyImage, scanJson } from '../support/plant/cli.ts';
import { requireRoot } from '../support/real/tool.ts';
import { createWorkspace, removeWorkspace } from '../support/real/workspace.ts';

const run = promisify(execFile);
const suite = 'bookworm';
const packages = ['python3', 'python3-pip', 'python3-requests', 'nodejs', 'npm'];
