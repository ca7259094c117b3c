/**
 * A real sshd on the loopback with keys of its own, and the system's ssh told of them by a file of options: ssh takes
 * the home folder from the system, so that only a command in front of it can give it other files.
 */

import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { freePort, startService } from './service.ts';
import { tool } from './tool.ts';
import { createWorkspace } from './workspace.ts';

/** A running sshd. */
export interface Sshd {
  readonly port: number;
  readonly user: string;
  /** A PATH whose ssh knows the server's key, or does not. */
  path(known: boolean): string;
  stop(): void;
}

/** Starts an sshd whose sessions have these variables. */
export async function startSshd(env: Readonly<Record<string, string>>): Promise<Sshd> {
  const command = tool('sshd');
  const workspace = createWorkspace('sshd');
  for (const key of ['host', 'user']) {
    const file = join(workspace, key);
    execFileSync(tool('ssh-keygen'), ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', file]);
  }
  // Where sshd gives up its rights; Debian's service makes it.
  mkdirSync('/run/sshd', { recursive: true });
  const port = await freePort();
  const config = join(workspace, 'sshd_config');
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  writeFileSync(
    config,
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${workspace}/host`,
      `AuthorizedKeysFile ${workspace}/user.pub`,
      'StrictModes no',
      'UsePAM no',
      'PermitRootLogin yes',
      'PasswordAuthentication no',
      'PidFile none',
      ...(variables.length === 0 ? [] : [`SetEnv ${variables.join(' ')}`]),
      '',
    ].join('\n'),
  );
  const service = await startService({
    name: 'sshd',
    command,
    args: ['-D', '-e', '-f', config],
    workspace,
    ready: () => listens(port),
  });
  const hostKey = readFileSync(join(workspace, 'host.pub'), 'utf8');
  writeFileSync(join(workspace, 'known'), `[127.0.0.1]:${port} ${hostKey}`);
  writeFileSync(join(workspace, 'unknown'), '');
  const ssh = tool('ssh');
  for (const known of ['known', 'unknown']) {
    const options = join(workspace, `${known}.config`);
    writeFileSync(
      options,
      `Host *\nUserKnownHostsFile ${workspace}/${known}\nGlobalKnownHostsFile none\nIdentityFile ${workspace}/user\nIdentitiesOnly yes\n`,
    );
    mkdirSync(join(workspace, `bin-${known}`));
    const wrapper = join(workspace, `bin-${known}`, 'ssh');
    writeFileSync(wrapper, `#!/bin/sh\nexec ${ssh} -F ${options} "$@"\n`);
    chmodSync(wrapper, 0o755);
  }
  return {
    port,
    user: userInfo().username,
    path: (known) => `${workspace}/bin-${known ? 'known' : 'unknown'}:${process.env['PATH'] ?? ''}`,
    stop: service.stop,
  };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
