/** Where the layer cache and the key of its tags lie, as each platform wants it (XDG Base Directory, macOS, Windows). */

import { homedir } from 'node:os';
import { join } from 'node:path';

/** The places of a cache. */
export interface CachePlaces {
  /** Can be thrown away, copied and shared between runs of a CI. */
  readonly folder: string;
  /** The key of the tags; never beside what it protects. */
  readonly keyFile: string;
}

/** What decides on the places. */
export interface PlaceSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly home: string;
}

/** The places of this process's user. */
export function cachePlaces(
  { env, platform, home }: PlaceSurroundings = { env: process.env, platform: process.platform, home: homedir() },
): CachePlaces {
  const named = (name: string): string | undefined => env[name] || undefined;
  const own = named('WHICHLAYER_CACHE_DIR');
  if (platform === 'win32') {
    const local = named('LOCALAPPDATA') ?? join(home, 'AppData', 'Local');
    const roaming = named('APPDATA') ?? join(home, 'AppData', 'Roaming');
    return {
      folder: own ?? join(local, 'whichlayer', 'Cache'),
      keyFile: join(roaming, 'whichlayer', 'cache.key'),
    };
  }
  if (platform === 'darwin') {
    return {
      folder: own ?? join(home, 'Library', 'Caches', 'whichlayer'),
      keyFile: join(home, 'Library', 'Application Support', 'whichlayer', 'cache.key'),
    };
  }
  // The specification has relative paths ignored.
  const xdg = (name: string, otherwise: string): string => {
    const given = named(name);
    return given?.startsWith('/') ? given : join(home, otherwise);
  };
  return {
    folder: own ?? join(xdg('XDG_CACHE_HOME', '.cache'), 'whichlayer'),
    keyFile: join(xdg('XDG_STATE_HOME', '.local/state'), 'whichlayer', 'cache.key'),
  };
}
