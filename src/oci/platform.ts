/**
 * Platforms as `os/architecture[/variant]`, compared as containerd's `platforms` package does: the
 * usual other names of an architecture are folded, and a request without a variant takes any.
 */

import { ScanError } from '../errors.ts';
import type { Platform } from './descriptor.ts';

const architectures: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  'x86-64': 'amd64',
  aarch64: 'arm64',
  armhf: 'arm',
  i386: '386',
  i686: '386',
};

/** Reads what `--platform` takes. @throws ScanError USAGE_INVALID */
export function parsePlatform(text: string): Platform {
  const parts = text.toLowerCase().split('/');
  const [os, architecture, variant] = parts;
  if (!os || !architecture || parts.length > 3 || variant === '') {
    throw new ScanError('USAGE_INVALID', `"${text}" is no platform.`, {
      subject: text,
      hint: 'Write it as os/architecture[/variant], for example linux/arm64.',
    });
  }
  return normalizePlatform({ os, architecture, ...(variant === undefined ? {} : { variant }) });
}

/** The platform as reports write it. */
export function formatPlatform(platform: Platform): string {
  const { os, architecture, variant } = platform;
  return `${os}/${architecture}${variant ? `/${variant}` : ''}`;
}

/** True where an image for `offered` is what was asked for by `wanted`. */
export function matchesPlatform(offered: Platform, wanted: Platform): boolean {
  const left = normalizePlatform(offered);
  const right = normalizePlatform(wanted);
  if (left.os !== right.os || left.architecture !== right.architecture) return false;
  return right.variant === undefined || defaultVariant(left) === defaultVariant(right);
}

function normalizePlatform(platform: Platform): Platform {
  const architecture = platform.architecture.toLowerCase();
  return { ...platform, os: platform.os.toLowerCase(), architecture: architectures[architecture] ?? architecture };
}

function defaultVariant(platform: Platform): string {
  if (platform.variant) return platform.variant.toLowerCase();
  return { arm64: 'v8', arm: 'v7', amd64: 'v1' }[platform.architecture] ?? '';
}
