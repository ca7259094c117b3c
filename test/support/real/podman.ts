/** A real podman with its Docker-compatible API on a socket, its storage in a temporary folder. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startService, statusOf } from './service.ts';
import { tool } from './tool.ts';
import { createWorkspace } from './workspace.ts';

/** A running `podman system service`. */
export interface Podman {
  /** Path of the socket that speaks Docker's API. */
  readonly socket: string;
  /** For podman, buildah and skopeo (`containers-storage:`) on the same storage, and CONTAINER_HOST. */
  readonly env: Readonly<Record<string, string>>;
  stop(): void;
}

let shared: Promise<Podman> | undefined;

/** The podman of this process, started at the first call and stopped when the process ends. */
export function startPodman(): Promise<Podman> {
  shared ??= launch();
  return shared;
}

async function launch(): Promise<Podman> {
  const command = tool('podman');
  const workspace = createWorkspace('podman');
  const socket = join(workspace, 'podman.sock');
  const storage = join(workspace, 'storage.conf');
  const registries = join(workspace, 'registries.conf');
  writeFileSync(
    storage,
    `[storage]\ndriver = "overlay"\nrunroot = "${workspace}/run"\ngraphroot = "${workspace}/graph"\n`,
  );
  // A registry of the tests gets its port later than this file is read, so the whole host is marked.
  writeFileSync(registries, '[[registry]]\nlocation = "127.0.0.1"\ninsecure = true\n');
  const env = { CONTAINERS_STORAGE_CONF: storage, CONTAINERS_REGISTRIES_CONF: registries, TMPDIR: workspace };
  const service = await startService({
    name: 'podman',
    command,
    args: ['system', 'service', '--time=0', `unix://${socket}`],
    env,
    workspace,
    ready: async () => (await statusOf({ socketPath: socket, path: '/_ping' })) === 200,
  });
  return { socket, env: { ...env, CONTAINER_HOST: `unix://${socket}` }, stop: service.stop };
}
