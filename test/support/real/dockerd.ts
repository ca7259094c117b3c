/**
 * A real dockerd on a socket, its data in a temporary folder. The three network flags stay: without them
 * it would change the machine's firewall.
 */

import { join } from 'node:path';
import { startService, statusOf } from './service.ts';
import { tool } from './tool.ts';
import { createWorkspace } from './workspace.ts';

/** A running dockerd. */
export interface Dockerd {
  readonly socket: string;
  /** DOCKER_HOST, and a DOCKER_CONFIG without the user's credentials and contexts. */
  readonly env: Readonly<Record<string, string>>;
  stop(): void;
}

let shared: Promise<Dockerd> | undefined;

/** The dockerd of this process, started at the first call and stopped when the process ends. */
export function startDockerd(): Promise<Dockerd> {
  shared ??= launch();
  return shared;
}

async function launch(): Promise<Dockerd> {
  const command = tool('dockerd');
  const workspace = createWorkspace('dockerd');
  const socket = join(workspace, 'docker.sock');
  const service = await startService({
    name: 'dockerd',
    command,
    args: [
      '--storage-driver=overlay2',
      '--iptables=false',
      '--ip6tables=false',
      '--bridge=none',
      `--data-root=${workspace}/data`,
      `--exec-root=${workspace}/exec`,
      `--pidfile=${workspace}/docker.pid`,
      '-H',
      `unix://${socket}`,
    ],
    env: { DOCKER_TMPDIR: join(workspace, 'data', 'tmp') },
    workspace,
    ready: async () => (await statusOf({ socketPath: socket, path: '/_ping' })) === 200,
  });
  return {
    socket,
    env: { DOCKER_HOST: `unix://${socket}`, DOCKER_CONFIG: join(workspace, 'config') },
    stop: service.stop,
  };
}
