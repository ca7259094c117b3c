/**
 * Registries of clouds, told by their names alone, and the credentials their environment's own variables hold.
 * Each cloud's credentials are turned into its registry's short-lived ones by that cloud's own service; the
 * registry is never sent the long-lived ones.
 */

import type { TransportSettings } from '../transport.ts';
import { amazonCredentials } from './amazon.ts';
import { azureCredentials } from './azure.ts';
import { type CloudCredentials, type CloudKit, type CloudRequest, sendToCloud } from './cloud-kit.ts';
import { googleCredentials } from './google.ts';

/** The credentials for a registry's host, if it is a cloud's and the environment holds that cloud's. @throws ScanError */
export async function cloudCredentials(
  host: string,
  options: TransportSettings & { readonly instanceCredentials: boolean; readonly signal: AbortSignal },
): Promise<CloudCredentials | undefined> {
  const { around, instanceCredentials, signal } = options;
  const send = (request: CloudRequest) => sendToCloud(request, options, signal);
  const kit: CloudKit = { around, instanceCredentials, send };
  return (
    (await amazonCredentials(host, kit)) ?? (await googleCredentials(host, kit)) ?? (await azureCredentials(host, kit))
  );
}
