/** Reports made by hand, for the tests of reporters and schemas. Nothing in them was ever a secret. */

import type { EnvReport, Finding, ImageReport, Report } from '../../src/scan/finding.ts';

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;

const ruleSet = { digest: digest('f'), rules: 184, providers: 46 };
const tool = { name: 'whichlayer', version: '0.1.0', ruleSet } as const;

const pepipost = {
  fingerprint: 'a1',
  rule: 'pepipost-api-key',
  provider: 'pepipost',
  title: 'Pepipost API key',
  severity: 'critical',
  confidence: 'high',
  secret: { masked: '7c11…813e', length: 32 },
  remediation: {
    summary: 'API & Webhooks → Create API Key, move services over, delete this one',
    url: 'https://docs.example/pepipost',
  },
} as const;

const digitalOcean = {
  fingerprint: 'b2',
  rule: 'digitalocean-token',
  provider: 'digitalocean',
  title: 'DigitalOcean personal access token',
  severity: 'high',
  confidence: 'high',
  secret: { masked: 'dop_…c4f1', length: 71 },
  remediation: { summary: 'API → Tokens → Regenerate, move services over' },
} as const;

const generic = {
  fingerprint: 'c3',
  rule: 'generic-password',
  provider: 'generic',
  title: 'Password in an assignment',
  severity: 'medium',
  confidence: 'medium',
  secret: { masked: '********', length: 11 },
  remediation: { summary: 'Change it where it opens something, and pass it at run time instead of building it in' },
} as const;

/** One of each kind of place and exposure. */
export const findings: readonly Finding[] = [
  {
    ...digitalOcean,
    placeFingerprint: 'p3',
    location: { kind: 'file', path: 'app/deploy.env', line: 1, column: 4, offset: 3 },
    layer: { index: 17, digest: digest('1'), diffId: digest('2') },
    instruction: { historyIndex: 32, createdBy: 'COPY deploy.env /app # buildkit' },
    exposure: 'deleted',
    removedBy: { layer: 21, historyIndex: 36 },
  },
  {
    ...pepipost,
    placeFingerprint: 'p2',
    location: { kind: 'file', path: 'opt/app/settings.py', line: 12, column: 17, offset: 412 },
    layer: { index: 33, digest: digest('3'), diffId: digest('4') },
    instruction: { historyIndex: 58, createdBy: 'COPY settings.py /opt/app # buildkit' },
    exposure: 'live',
  },
  {
    ...pepipost,
    placeFingerprint: 'p1',
    location: { kind: 'env', name: 'PEPIPOST_API_KEY' },
    instruction: { historyIndex: 41, createdBy: '/bin/sh -c #(nop)  ENV PEPIPOST_API_KEY=7c11…813e' },
    exposure: 'metadata',
  },
  {
    ...digitalOcean,
    placeFingerprint: 'p4',
    location: {
      kind: 'file',
      path: 'usr/local/lib/python3.12/site-packages/deployment_support/bundles/operations-tools-1.4.jar',
      nested: ['BOOT-INF/classes/application-production.properties'],
      decoded: ['base64'],
      line: 204,
    },
    layer: { index: 18, diffId: digest('5') },
    instruction: {
      historyIndex: 33,
      createdBy:
        'RUN |2 DO_TOKEN=dop_…c4f1 VERSION=1.4 /bin/sh -c pip install --no-cache-dir --index-url https://pypi.example/simple deployment-support==$VERSION && rm -rf /root/.cache # buildkit',
    },
    alsoAt: [{ historyIndex: 34 }, { historyIndex: 35 }],
    exposure: 'overwritten',
    removedBy: { layer: 19 },
  },
  {
    ...digitalOcean,
    placeFingerprint: 'p5',
    location: { kind: 'history', name: 'DO_TOKEN' },
    instruction: {
      historyIndex: 33,
      createdBy:
        '/bin/sh -c apt-get update &&   apt-get install -y --no-install-recommends ca-certificates curl gnupg\t&& curl -H "Authorization: Bearer dop_…c4f1" https://api.example/v2/account',
    },
    exposure: 'metadata',
  },
  ...Array.from(
    { length: 11 },
    (_, index): Finding => ({
      ...generic,
      placeFingerprint: `q${index}`,
      location: { kind: 'file', path: `srv/テナント/${index}/config.yaml`, line: 3 + index },
      layer: { index: 34 },
      instruction: { historyIndex: 60, createdBy: 'COPY tenants /srv # buildkit' },
      exposure: 'live',
    }),
  ),
];

/** An image with findings of every kind. */
export const leakyImage: ImageReport = {
  reference: 'app:1.4',
  source: 'docker-archive',
  platform: 'linux/amd64',
  manifestDigest: `sha256:43be7c29ac03${'0'.repeat(52)}`,
  configDigest: digest('c'),
  createdAt: '2026-11-20T10:00:00Z',
  repoTags: ['app:1.4'],
  layers: [
    {
      index: 0,
      digest: digest('1'),
      diffId: digest('2'),
      mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
      sizeBytes: 3_000_000,
      uncompressedBytes: 8_000_000,
      entries: 400,
      historyIndex: 0,
      createdBy: 'ADD rootfs.tar / # buildkit',
      base: true,
      cached: false,
    },
  ],
  coverage: {
    complete: true,
    layersScanned: 39,
    layersTotal: 39,
    filesScanned: 96_685,
    bytesScanned: 2_004_000_000,
    skipped: [
      {
        code: 'HISTORY_MISMATCH',
        subject: 'image app:1.4',
        message: 'The configuration lists 61 steps for 39 layers; the last steps were matched by their order.',
        effect: 'notice',
      },
    ],
  },
  findings,
};

/** An image without findings whose scan missed something. */
export const incompleteImage: ImageReport = {
  ...leakyImage,
  reference: 'registry.example:5000/team/worker:2026-11-20',
  source: 'registry',
  findings: [],
  coverage: {
    complete: false,
    layersScanned: 6,
    layersTotal: 7,
    filesScanned: 1204,
    bytesScanned: 51_200_000,
    skipped: [
      ...Array.from({ length: 5 }, (_, index) => ({
        code: 'LIMIT_EXCEEDED' as const,
        subject: `layer 3: var/lib/disk-${index}.img.gz`,
        message: 'It inflates to more than 4 GB; the rest of it was not looked at.',
        effect: 'incomplete' as const,
      })),
      {
        code: 'BLOB_TRUNCATED',
        subject: 'layer 5',
        message: 'The blob ended after 1,024 of 2,048 bytes; pull the image again.',
        effect: 'incomplete',
      },
    ],
  },
};

/** An image that is clean. */
export const cleanImage: ImageReport = {
  ...leakyImage,
  reference: 'web:2',
  source: 'docker-daemon',
  findings: [],
  coverage: {
    ...leakyImage.coverage,
    layersScanned: 4,
    layersTotal: 4,
    filesScanned: 812,
    bytesScanned: 9_400_000,
    skipped: [],
  },
};

/** An image that could not be scanned. */
export const missingImage = {
  reference: 'gone:1',
  error: {
    code: 'IMAGE_NOT_FOUND',
    message: 'Neither the docker daemon nor registry docker.io has gone:1.',
    hint: 'Check the spelling, or name the place: docker://, docker-daemon: or a path to an archive.',
  },
} as const;

/** A report on some images, its summary counted from them. */
export function reportOf(images: Report['images'], hiddenByConfidence = 0): Report {
  const all = images.flatMap((image) => ('error' in image ? [] : image.findings));
  const bySeverity: Record<string, number> = {};
  for (const { severity } of all) bySeverity[severity] = (bySeverity[severity] ?? 0) + 1;
  return {
    schemaVersion: 1,
    tool,
    startedAt: '2026-11-22T03:16:22.000Z',
    durationMs: 4123,
    images,
    diagnostics: [],
    summary: {
      images: images.length,
      findings: all.length,
      secrets: new Set(all.map(({ fingerprint }) => fingerprint)).size,
      bySeverity,
      hiddenByConfidence,
    },
  };
}

/** What `whichlayer env` says of an image. */
export const envReport: EnvReport = {
  schemaVersion: 1,
  tool,
  startedAt: '2026-11-22T03:16:22.000Z',
  durationMs: 210,
  images: [
    {
      reference: 'app:1.4',
      source: 'docker-daemon',
      platform: 'linux/amd64',
      configDigest: `sha256:43be7c29ac03${'0'.repeat(52)}`,
      repoTags: ['app:1.4'],
      entries: [
        {
          kind: 'env',
          name: 'PATH',
          value: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
          verdict: 'public',
          reason: 'a search path',
          instruction: { historyIndex: 3, createdBy: 'ENV PATH=/usr/local/sbin:/usr/local/bin' },
        },
        { kind: 'env', name: 'DEBUG', value: '', verdict: 'empty', reason: 'no value' },
        {
          kind: 'env',
          name: 'DB_PASSWORD_FILE',
          value: '/run/secrets/db',
          verdict: 'reference',
          reason: 'names a file that holds the secret',
          instruction: { historyIndex: 9, createdBy: 'ENV DB_PASSWORD_FILE=/run/secrets/db' },
        },
        {
          kind: 'env',
          name: 'SMTP_PASSWORD',
          value: 'changeme',
          verdict: 'placeholder',
          reason: 'a placeholder',
          instruction: { historyIndex: 8, createdBy: 'ENV SMTP_PASSWORD=changeme' },
        },
        {
          kind: 'label',
          name: 'com.example.deployment.internal-signing-key',
          value: 'q8Zr…1Tb6',
          verdict: 'suspicious',
          reason: 'the name says it is a key, and the value is not known to be harmless',
          instruction: { historyIndex: 12, createdBy: 'LABEL com.example.deployment.internal-signing-key=q8Zr…1Tb6' },
        },
        {
          kind: 'env',
          name: 'PEPIPOST_API_KEY',
          value: '7c11…813e',
          verdict: 'secret',
          reason: 'matches pepipost-api-key',
          rule: 'pepipost-api-key',
          provider: 'pepipost',
          title: 'Pepipost API key',
          severity: 'critical',
          confidence: 'high',
          fingerprint: 'a1',
          instruction: { historyIndex: 41, createdBy: 'ENV PEPIPOST_API_KEY=7c11…813e' },
          remediation: { summary: 'API & Webhooks → Create API Key, move services over, delete this one' },
        },
        { kind: 'cmd', value: 'node server.js', verdict: 'public', reason: 'a command without credentials' },
      ],
      diagnostics: [],
    },
    missingImage,
  ],
  diagnostics: [],
  summary: {
    images: 2,
    entries: 7,
    byVerdict: { secret: 1, suspicious: 1, placeholder: 1, empty: 1, reference: 1, public: 2 },
  },
};
