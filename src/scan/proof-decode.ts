/** The steps of a proof that decode what a secret hides in, one for each code (`location.decoded`), with what every system has. */

/** Each as a filter over all that comes. */
const filters: Readonly<Record<string, string>> = {
  gzip: 'gunzip',
  zlib: `python3 -c 'import sys,zlib;sys.stdout.buffer.write(zlib.decompressobj().decompress(sys.stdin.buffer.read()))'`,
  'utf-16': `tr -d '\\000'`,
  hex: `perl -pe 's/([0-9a-f]{32,})/pack "H*", $1/gie'`,
  url: `perl -pe 's/%([0-9a-f]{2})/chr hex $1/gie'`,
  xml: `perl -pe 's/&#x([0-9a-f]+);/chr hex $1/gie; s/&#(\\d+);/chr $1/ge; s/&quot;/"/g; s/&lt;/</g; s/&gt;/>/g; s/&amp;/&/g'`,
  backslash: `perl -pe 's/\\\\(?:u00|x)([0-9a-f]{2})/chr hex $1/gie; s/\\\\([0-7]{3})/chr oct $1/ge; s/\\\\n/\\n/g; s/\\\\([^0-9a-zA-Z])/$1/g'`,
};

/** One run of base64, in either alphabet, over lines or not. */
const base64Run = `tr -d '[:space:]' | tr _- /+ | base64 -d`;
/** Every run of base64 in a text that has more in it. */
const base64Runs = `python3 -c 'import re,sys,base64 as b;[sys.stdout.buffer.write(b.b64decode(m.translate(bytes.maketrans(b"-_",b"+/"))+b"="*(-len(m)%4))+b"\\n") for m in re.findall(rb"[\\w+/-]{16,}",sys.stdin.buffer.read()) if len(m)%4!=1]'`;

/** The commands that decode; undefined for a code they do not know. The first code fills what comes, the others stand somewhere in it. */
export function decodingSteps(codes: readonly string[]): string[] | undefined {
  const steps = codes.map((code, index) =>
    code === 'base64' ? (index === 0 ? base64Run : base64Runs) : filters[code],
  );
  return steps.includes(undefined) ? undefined : (steps as string[]);
}
