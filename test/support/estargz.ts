/**
 * An eStargz layer (containerd/stargz-snapshotter docs/estargz.md): a tar whose files are gzip members of their own,
 * a table of contents as its last entry, and an empty member that says where that begins.
 */

import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { packEntry } from './tar-writer.ts';

/** The layer with these files, in their order. */
export function estargz(files: Readonly<Record<string, string>>): Buffer {
  const landmark = { path: '.no.prefetch.landmark', content: Buffer.from([0xf]) };
  const contents = [landmark, ...Object.entries(files).map(([path, text]) => ({ path, content: Buffer.from(text) }))];
  const members: Buffer[] = [];
  let offset = 0;
  const entries = contents.map(({ path, content }) => {
    const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
    const entry = { name: path, type: 'reg', size: content.length, mode: 420, offset, digest, chunkDigest: digest };
    const member = gzipSync(packEntry({ path, content }));
    members.push(member);
    offset += member.length;
    return entry;
  });
  const toc = JSON.stringify({ version: 1, entries });
  const tail = Buffer.concat([packEntry({ path: 'stargz.index.json', content: toc }), Buffer.alloc(1024)]);
  return Buffer.concat([...members, gzipSync(tail), footer(offset)]);
}

/** An empty gzip member whose extra field (`SG`) holds the offset of the table of contents. */
function footer(offset: number): Buffer {
  const text = Buffer.from(`${offset.toString(16).padStart(16, '0')}STARGZ`);
  const header = Buffer.from([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff]);
  const extra = Buffer.concat([
    Buffer.from([text.length + 4, 0]),
    Buffer.from('SG'),
    Buffer.from([text.length, 0]),
    text,
  ]);
  return Buffer.concat([header, extra, Buffer.from([1, 0, 0, 0xff, 0xff]), Buffer.alloc(8)]);
}
