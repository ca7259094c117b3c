/** Archives and compressed files, in every form that issue 6 names; the packers that Node lacks are the system's own. */

import { execFileSync } from 'node:child_process';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { assembleImage, buildImage, sha256 } from '../build-image.ts';
import { arOf, asarOf, cpioOf, type Files, rpmOf, tarOf } from '../packed-bytes.ts';
import { tool } from '../real/tool.ts';
import { type ZipMember, zipOf } from '../tar-bytes.ts';
import { type Group, inFile, type Place } from './place.ts';
import { settings } from './token.ts';

function packWith(name: 'xz' | 'bzip2' | 'lz4', content: Uint8Array, ...options: readonly string[]): Buffer {
  const stdio = ['pipe', 'pipe', 'ignore'] as const;
  return execFileSync(tool(name), [...options, '-c'], { input: content, maxBuffer: 1 << 28, stdio: [...stdio] });
}

const xz = (content: Uint8Array): Buffer => packWith('xz', content);
const lzma = (content: Uint8Array): Buffer => packWith('xz', content, '--format=lzma');
const bzip2 = (content: Uint8Array): Buffer => packWith('bzip2', content);
const lz4 = (content: Uint8Array): Buffer => packWith('lz4', content);

/** Names the packed file `file` and finds the token at the end of the chain. */
function packed(name: string, file: string, nested: readonly string[], pack: (text: Buffer) => Uint8Array): Place {
  return inFile(name, file, { nested }, (token) => pack(Buffer.from(settings(token))));
}

function zipped(
  name: string,
  file: string,
  member: string,
  how: Partial<ZipMember> = {},
  options: { readonly directory?: boolean } = {},
): Place {
  const others = [{ name: 'README.txt', content: Buffer.from('Read me.\n'.repeat(40)) }];
  return packed(name, file, [member], (content) => zipOf([...others, { name: member, content, ...how }], options));
}

const tarred = (name: string, extension: string, pack: (tar: Buffer) => Uint8Array): Place =>
  packed(`tar, ${name}`, `backup.tar.${extension}`, ['backup.tar', 'app/.env'], (text) =>
    pack(tarOf({ 'app/README': 'Read me.\n', 'app/.env': text })),
  );

const compressed = (name: string, extension: string, pack: (text: Buffer) => Uint8Array): Place =>
  packed(name, `settings.env.${extension}`, ['settings.env'], pack);

/** Zip and its family. */
export const zips: Group = {
  title: 'zip family',
  folder: 'srv/zip',
  places: [
    zipped('zip, deflated', 'deflated.zip', 'app/.env'),
    zipped('zip, stored', 'stored.zip', 'app/.env', { method: 0 }),
    zipped('zip, zip64 sizes', 'zip64.zip', 'app/.env', { zip64: true }),
    zipped('zip, data descriptor', 'descriptor.zip', 'app/.env', { descriptor: 'signed' }),
    zipped('zip, data descriptor without signature', 'unsigned.zip', 'app/.env', { descriptor: 'unsigned' }),
    zipped('zip, zip64 data descriptor', 'descriptor64.zip', 'app/.env', { descriptor: 'signed64' }),
    zipped('zip without central directory', 'cut.zip', 'app/.env', {}, { directory: false }),
    zipped('zip under a name that says nothing', 'blob', 'app/.env'),
    zipped('jar', 'app.jar', 'application.properties'),
    packed('war in an ear', 'shop.ear', ['shop.war', 'WEB-INF/classes/db.properties'], (content) =>
      zipOf([{ name: 'shop.war', content: zipOf([{ name: 'WEB-INF/classes/db.properties', content }]) }]),
    ),
    zipped('apk (Android)', 'shop.apk', 'assets/config.properties'),
    zipped('Python wheel', 'shop-1.0-py3-none-any.whl', 'shop/settings.py'),
    zipped('nupkg', 'Shop.1.0.0.nupkg', 'content/appsettings.env'),
    packed('docx', 'notes.docx', ['word/document.xml'], (text) => {
      const types =
        '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>';
      const body = `<?xml version="1.0"?><w:document><w:body><w:p><w:r><w:t>${text}</w:t></w:r></w:p></w:body></w:document>`;
      return zipOf([
        { name: '[Content_Types].xml', content: Buffer.from(types) },
        { name: 'word/document.xml', content: Buffer.from(body) },
      ]);
    }),
    packed('zip behind a shell script', 'install.sh', ['app/.env'], (content) =>
      Buffer.concat([Buffer.from('#!/bin/sh\nexec unzip "$0"\n'), zipOf([{ name: 'app/.env', content }])]),
    ),
  ],
};

/** Tars in every compression. */
export const tars: Group = {
  title: 'tar, plain and compressed',
  folder: 'srv/tar',
  places: [
    packed('tar', 'backup.tar', ['app/.env'], (text) => tarOf({ 'app/README': 'Read me.\n', 'app/.env': text })),
    tarred('gzip', 'gz', (tar) => gzipSync(tar)),
    tarred('bzip2', 'bz2', bzip2),
    tarred('xz', 'xz', xz),
    tarred('zstd', 'zst', (tar) => zstdCompressSync(tar)),
    tarred('lz4', 'lz4', lz4),
    tarred('lzma', 'lzma', lzma),
    packed('tar, gzip, under a name that says nothing', 'state', ['state', 'app/.env'], (text) =>
      gzipSync(tarOf({ 'app/.env': text })),
    ),
    packed('cpio', 'initrd.cpio', ['etc/app.env'], (text) => cpioOf({ 'etc/app.env': text })),
  ],
};

/** Files that are compressed and nothing else. */
export const streams: Group = {
  title: 'compressed files',
  folder: 'srv/compressed',
  places: [
    compressed('gzip', 'gz', (text) => gzipSync(text)),
    packed('gzip of several members', 'members.log.gz', ['members.log'], (text) =>
      Buffer.concat([gzipSync('started\n'), gzipSync(text)]),
    ),
    compressed('bzip2', 'bz2', bzip2),
    compressed('xz', 'xz', xz),
    compressed('zstd', 'zst', (text) => zstdCompressSync(text)),
    compressed('lz4', 'lz4', lz4),
    compressed('lzma', 'lzma', lzma),
  ],
};

const control =
  'Package: shop\nVersion: 1.0\nArchitecture: all\nMaintainer: Shop <shop@test.invalid>\nDescription: A shop\n';

/** As dpkg-deb writes it: names of members without the slash that GNU's ar puts behind them. */
function deb(files: Files, scripts: Files = {}): Buffer {
  const controlTar = gzipSync(tarOf({ './control': control, ...scripts }));
  return arOf({ 'debian-binary': '2.0\n', 'control.tar.gz': controlTar, 'data.tar.xz': xz(tarOf(files)) }, 'bsd');
}

/** Packages, saved images and archives in archives. */
export const packages: Group = {
  title: 'packages, saved images, nesting',
  folder: 'srv/package',
  places: [
    packed('deb', 'shop_1.0_all.deb', ['data.tar.xz', 'data.tar', 'etc/shop.env'], (text) =>
      deb({ './etc/shop.env': text }),
    ),
    packed("deb, maintainer's script", 'setup_1.0_all.deb', ['control.tar.gz', 'control.tar', 'postinst'], (text) =>
      deb({ './x': 'x' }, { './postinst': text }),
    ),
    packed('rpm', 'shop-1.0.noarch.rpm', ['payload.cpio.gz', 'payload.cpio', 'etc/shop.env'], (text) =>
      rpmOf(gzipSync(cpioOf({ './etc/shop.env': text }))),
    ),
    packed('apk (Alpine)', 'shop-1.0-r0.apk', ['shop-1.0-r0.apk', 'etc/shop.env'], (text) => {
      // Signature, control and data, each a gzip member of its own (apk-package(5)); only the last tar has an end.
      const parts = [{ '.SIGN.RSA.x.rsa.pub': 'x' }, { '.PKGINFO': 'pkgname = shop\n' }].map((files) =>
        tarOf(files).subarray(0, -1024),
      );
      return Buffer.concat([...parts, tarOf({ 'etc/shop.env': text })].map((tar) => gzipSync(tar)));
    }),
    saved('docker save', 'saved.tar', 'docker-old'),
    saved('OCI layout', 'layout.tar', 'oci'),
    packed('asar', 'app.asar', ['dist/config.js'], (text) => asarOf({ 'package.json': '{}', 'dist/config.js': text })),
    packed(
      'jar in a war in a deb in a tar.xz',
      'mirror.tar.xz',
      [
        ...['mirror.tar', 'pool/shop.deb', 'data.tar.xz', 'data.tar', 'opt/shop.war'],
        ...['WEB-INF/lib/db.jar', 'db.properties'],
      ],
      (content) => {
        const jar = zipOf([{ name: 'db.properties', content }]);
        const war = zipOf([{ name: 'WEB-INF/lib/db.jar', content: jar, descriptor: 'signed' }]);
        return xz(tarOf({ 'pool/shop.deb': deb({ './opt/shop.war': war }) }));
      },
    ),
  ],
};

/** An image in the image, of one layer. */
function saved(name: string, path: string, layout: 'docker-old' | 'oci'): Place {
  return {
    name,
    grow: (tokens) => {
      const token = tokens.next();
      const layers = [{ files: { 'app/.env': settings(token) } }];
      const [layer] = assembleImage({ layers }).layers;
      const blob = layer!.digest.replace(':', '/');
      const id = sha256(layer!.diffId).replace('sha256:', '');
      const hex = blob.replace('sha256/', '');
      const nested = layout === 'oci' ? [`blobs/${blob}`, hex, 'app/.env'] : [`${id}/layer.tar`, 'app/.env'];
      const files = { [path]: buildImage({ layers, layout, tags: ['inner:1'] }) };
      return { token, files, where: { kind: 'file', path, nested } };
    },
  };
}
