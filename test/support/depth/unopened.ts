/**
 * What is named and not looked into: the beginnings of file systems, as far as they say what they are, and an
 * archive under a password. */

import { zipOf } from '../tar-bytes.ts';

function headed(sizeBytes: number, ...parts: readonly (readonly [at: number, bytes: string])[]): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  for (const [at, hex] of parts) bytes.write(hex, at, 'hex');
  return bytes;
}

/** One of each, by path. */
export function unopenedFiles(): Record<string, Buffer> {
  const sealed = { name: 'settings.env', content: Buffer.from('sealed by nobody'), method: 0, flags: 1 };
  return {
    'disks/sealed.zip': zipOf([sealed]),
    // A superblock of version 4, little-endian.
    'disks/root.squashfs': headed(4096, [0, '68737173'], [28, '04000000']),
    // The primary volume descriptor of ISO 9660 in sector 16, and the terminator behind it.
    'disks/install.iso': headed(40_960, [32_768, '0143443030310100'], [34_816, 'ff43443030310100']),
  };
}
