/**
 * A local image from a daemon that speaks Docker's API (docker, podman), through dockerode, which is met
 * here alone. The image is looked up first and then exported by its id, so that a tag that moves meanwhile
 * changes nothing. A daemon stages the whole export before its first byte: the wait for that is long.
 */

import { readFileSync, statSync } from 'node:fs';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { homedir } from 'node:os';
import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { type Diagnostic, notice, ScanError } from '../errors.ts';
import { configPlatform, type ImageConfig, parseImageConfig } from '../oci/image-config.ts';
import { asObject, asText, asTexts, field, type JsonObject } from '../oci/json.ts';
import { plainLayerType } from '../oci/media-type.ts';
import { matchesPlatform, parsePlatform } from '../oci/platform.ts';
import { openArchiveStream } from './archive-stream.ts';
import { toConfigJson } from './docker-daemon-config.ts';
import { type DaemonFailure, daemonFailure, reasonOf } from './docker-daemon-failure.ts';
import { type DaemonEndpoint, type DaemonEngine, resolveDaemonEndpoints } from './docker-host.ts';
import { readPatiently, within } from './patient-read.ts';
import type { Blob, ImageRecord, ImageSource } from './source.ts';
import { SshAgent } from './ssh-agent.ts';

/** Which image of which daemon. */
export interface DaemonReference {
  readonly engine: DaemonEngine;
  /** A name as written, an id or its beginning. */
  readonly ref: string;
  /** What the user wrote. */
  readonly text: string;
  /** True where `ref` is a container's: its image is meant. */
  readonly isContainer?: boolean;
}

/** How to reach it; everything but `signal` may be left out. */
export interface DaemonOptions {
  readonly signal: AbortSignal;
  readonly platform?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly home?: string;
  /** How long the daemon may take to answer. */
  readonly answerTimeoutMs?: number;
  /** How long it may take to stage an export, and for the next bytes of it (measured: 21 s for 2 GB). */
  readonly exportTimeoutMs?: number;
}

const defaultAnswerTimeoutMs = 60_000;
const defaultExportTimeoutMs = 15 * 60_000;

/** Opens an image of a local daemon. @throws ScanError IMAGE_NOT_FOUND, SOURCE_UNAVAILABLE, PLATFORM_NOT_FOUND */
export async function openDaemonImage(reference: DaemonReference, options: DaemonOptions): Promise<ImageSource> {
  const { env = process.env, home = homedir() } = options;
  const failures: DaemonFailure[] = [];
  for (const endpoint of resolveDaemonEndpoints(reference.engine, { env, home, readFile: readText })) {
    let daemon: Daemon | undefined;
    try {
      checkSocket(endpoint);
      daemon = await connect(endpoint, env);
      const inspect = await inspectImage(daemon, reference, options);
      return new DaemonImage(daemon, inspect, { reference, options });
    } catch (error) {
      daemon?.agent.destroy();
      options.signal.throwIfAborted();
      if (error instanceof ScanError) throw error;
      failures.push({ endpoint, error });
    }
  }
  throw daemonFailure(reference, failures);
}

interface Daemon {
  readonly docker: Docker;
  /** Ends the connections: dockerode takes no signal for an export. */
  readonly agent: HttpAgent | HttpsAgent;
}

/** Throws where a socket is not there, before dockerode is loaded for nothing. */
function checkSocket({ address }: DaemonEndpoint): void {
  // To look at a Windows pipe is to open it.
  if (address.kind === 'socket' && address.path.startsWith('/') && !address.path.startsWith('//'))
    statSync(address.path);
}

async function connect(
  { engine, address }: DaemonEndpoint,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Daemon> {
  // It brings ssh and gRPC: 140 ms that a scan of a file or a registry should not pay at its start.
  const { default: Docker } = await import('dockerode');
  // Given as undefined on purpose: dockerode would fill what is left out from DOCKER_HOST and its kin by itself.
  const nothing = { host: undefined, port: undefined, ca: undefined, cert: undefined, key: undefined };
  if (address.kind === 'socket') {
    const agent = new HttpAgent();
    return { agent, docker: new Docker({ ...nothing, protocol: 'http', socketPath: address.path, agent } as object) };
  }
  if (address.kind === 'ssh') {
    const agent = new SshAgent(engine, address, env);
    // The name is for the Host header alone: the agent's connections know where they lead.
    return { agent, docker: new Docker({ ...nothing, protocol: 'http', host: 'docker', port: 80, agent } as object) };
  }
  const { host, port, tls } = address;
  const { verify = true, ...material } = tls ?? {};
  const agent = tls === undefined ? new HttpAgent() : new HttpsAgent({ ...material, rejectUnauthorized: verify });
  const protocol = tls === undefined ? 'http' : 'https';
  return { agent, docker: new Docker({ ...nothing, protocol, host, port, agent, pathPrefix: '/' } as object) };
}

async function inspectImage(
  { docker, agent }: Daemon,
  reference: DaemonReference,
  options: DaemonOptions,
): Promise<JsonObject> {
  if (reference.isContainer === true) {
    const container: unknown = await answered(docker.getContainer(reference.ref).inspect(), reference, options);
    const image = asText(field(asObject(container), 'Image'));
    if (image === undefined) throw noSuchDaemon(reference);
    return inspectImage({ docker, agent }, { ...reference, ref: image, isContainer: false }, options);
  }
  // podman takes the beginning of an id only without its algorithm; docker takes both.
  const name = reference.ref.replace(/^sha256:(?=[0-9a-f]{1,63}$)/, '');
  const answer: unknown = await answered(docker.getImage(name).inspect(), reference, options);
  const inspect = asObject(answer);
  if (asText(field(inspect, 'Id')) === undefined) throw noSuchDaemon(reference);
  return inspect!;
}

function noSuchDaemon({ engine, ref }: DaemonReference): ScanError {
  return new ScanError('SOURCE_UNAVAILABLE', `What answers at the ${engine} socket is no such daemon.`, {
    subject: ref,
  });
}

function answered<T>(promise: Promise<T>, { engine, ref }: DaemonReference, options: DaemonOptions): Promise<T> {
  const { signal, answerTimeoutMs = defaultAnswerTimeoutMs } = options;
  const late = () =>
    new ScanError('SOURCE_TIMEOUT', `The ${engine} daemon did not answer in ${answerTimeoutMs / 1000} s.`, {
      subject: ref,
    });
  return untilAborted(within(promise, answerTimeoutMs, late), signal);
}

class DaemonImage implements ImageSource {
  readonly kind: 'docker-daemon' | 'podman';
  readonly title: string;
  readonly sequential = true;
  readonly #daemon: Daemon;
  readonly #inspect: JsonObject;
  readonly #reference: DaemonReference;
  readonly #options: DaemonOptions;
  readonly #id: string;
  #archive: ImageSource | undefined;

  constructor(daemon: Daemon, inspect: JsonObject, context: { reference: DaemonReference; options: DaemonOptions }) {
    this.#daemon = daemon;
    this.#inspect = inspect;
    this.#reference = context.reference;
    this.#options = context.options;
    const { engine, ref } = context.reference;
    const id = asText(field(inspect, 'Id')) ?? '';
    this.#id = id.includes(':') ? id : `sha256:${id}`;
    this.kind = engine === 'docker' ? 'docker-daemon' : 'podman';
    const what = context.reference.isContainer === true ? `container ${ref}` : ref;
    this.title = `${this.kind} ${what} (${this.#id.slice(0, this.#id.indexOf(':') + 13)})`;
    checkPlatform(inspect, context);
  }

  async *blobs(signal: AbortSignal): AsyncGenerator<Blob> {
    const { text } = this.#reference;
    const { platform } = this.#options;
    this.#archive = await openArchiveStream({
      stream: this.#export(signal),
      kind: this.kind,
      reference: text,
      title: this.title,
      signal,
      ...(platform === undefined ? {} : { platform }),
    });
    yield* this.#archive.blobs(signal);
  }

  async images(): Promise<readonly ImageRecord[]> {
    const records = (await this.#archive?.images()) ?? [];
    // Exported by its id, the archive knows no names.
    return records.map((record) => ({ ...record, imageId: this.#id, repoTags: this.#repoTags() }));
  }

  async metadata(signal: AbortSignal): Promise<readonly ImageRecord[]> {
    const image = this.#daemon.docker.getImage(this.#id);
    const history: unknown = await answered(image.history(), this.#reference, { ...this.#options, signal });
    const { json, isHistoryMatched } = toConfigJson(this.#inspect, history);
    return [this.#record(parseImageConfig(json, this.#reference.text), isHistoryMatched)];
  }

  diagnostics(): readonly Diagnostic[] {
    return this.#archive?.diagnostics() ?? [];
  }

  async close(): Promise<void> {
    await this.#archive?.close();
    this.#daemon.agent.destroy();
  }

  #record(config: ImageConfig, isHistoryMatched: boolean): ImageRecord {
    const { text } = this.#reference;
    // With containerd's image store the id is the manifest's digest, and `Descriptor` says of what kind.
    const hasManifestId = asObject(field(this.#inspect, 'Descriptor')) !== undefined;
    const unmatched = `The daemon does not say which of its history's steps made the ${config.diffIds.length} layers.`;
    return {
      reference: text,
      source: this.kind,
      platform: configPlatform(config),
      ...(hasManifestId ? {} : { configDigest: this.#id }),
      repoTags: this.#repoTags(),
      config,
      layers: config.diffIds.map(() => ({ mediaType: plainLayerType })),
      diagnostics: isHistoryMatched ? [] : [notice('HISTORY_MISMATCH', `image ${text}`, unmatched)],
    };
  }

  #repoTags(): readonly string[] {
    return asTexts(field(this.#inspect, 'RepoTags'));
  }

  async *#export(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const { engine, text } = this.#reference;
    const { exportTimeoutMs = defaultExportTimeoutMs } = this.#options;
    const subject = `export of ${text}`;
    const late = () =>
      new ScanError(
        'SOURCE_TIMEOUT',
        `The ${engine} daemon has staged nothing of ${text} in ${exportTimeoutMs / 1000} s.`,
        {
          subject: text,
          hint: 'Save it to a file first (`docker save -o image.tar`) and scan that.',
        },
      );
    const abort = () => this.#daemon.agent.destroy();
    signal.addEventListener('abort', abort, { once: true });
    try {
      const got = this.#daemon.docker.getImage(this.#id).get();
      const stream = (await untilAborted(within(got, exportTimeoutMs, late), signal)) as Readable;
      // Between two reads nobody listens to it.
      stream.on('error', () => {});
      yield* readPatiently(stream, exportTimeoutMs, subject);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ScanError) throw error;
      throw new ScanError(
        'SOURCE_UNAVAILABLE',
        `The ${engine} daemon broke off the export of ${text}: ${reasonOf(error)}.`,
        {
          subject: text,
          cause: error,
        },
      );
    } finally {
      signal.removeEventListener('abort', abort);
      this.#daemon.agent.destroy();
    }
  }
}

function checkPlatform(inspect: JsonObject, context: { reference: DaemonReference; options: DaemonOptions }): void {
  const { platform } = context.options;
  if (platform === undefined) return;
  const has = configPlatform(parseImageConfig(toConfigJson(inspect, undefined).json));
  if (matchesPlatform(parsePlatform(has), parsePlatform(platform))) return;
  const { text } = context.reference;
  throw new ScanError('PLATFORM_NOT_FOUND', `The daemon has ${text} for ${has}, not for ${platform}.`, {
    subject: text,
    hint: 'Leave --platform out, pull the other platform, or scan it from its registry (docker://…).',
  });
}

/** A promise, or the signal's reason if that comes first. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  promise.catch(() => {});
  let abort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort!);
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
