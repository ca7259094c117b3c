/**
 * The tokens that the places of the depth image hold: of formats that every scanner we compare with knows, whatever stands around them
 * (the control group shows it), so that what is compared is where they look and not what they know. Each is made up at run time and unique, since scanners tell a secret that they meet twice once.
 */

import { base62, digits, type Random } from '../plant/random.ts';
import { secretKinds } from '../plant/secret-kind.ts';

/** A made-up secret. */
export interface DepthToken {
  /** Empty for stores, of which nobody can say how a report shows them: those are told by their path. */
  readonly secret: string;
  /** What a settings file calls it. */
  readonly name: string;
  /** Whose rule may claim it. */
  readonly providers: readonly string[];
  /** Only a hint: it may be told with low confidence. */
  readonly weak?: true;
  /** What may be reported beside it, or for it, without being wrong. */
  readonly also?: readonly string[];
}

type Make = (random: Random) => DepthToken;

const made = (id: string, name: string): Make => {
  const kind = secretKinds.find((candidate) => candidate.id === id)!;
  return (random) => ({ secret: kind.make(random).secret, name, providers: kind.providers });
};

/** A format of tokens. */
export type TokenFormat = 'doppler' | 'github' | 'gitlab' | 'linear' | 'slack' | 'terraform';

const formats: Readonly<Record<TokenFormat, Make>> = {
  github: made('github', 'GITHUB_TOKEN'),
  gitlab: made('gitlab', 'GITLAB_TOKEN'),
  doppler: (random) => token('doppler', 'DOPPLER_TOKEN', `dp.pt.${random.text(base62, 43)}`),
  linear: (random) => token('linear', 'LINEAR_API_KEY', `lin_api_${random.text(base62, 40)}`),
  slack: (random) => {
    const numbers = [random.text(digits, 11), random.text(digits, 12)].map((text) => `${random.between(1, 9)}${text}`);
    return token('slack', 'SLACK_BOT_TOKEN', `xoxb-${numbers.join('-')}-${random.text(base62, 24)}`);
  },
  terraform: (random) =>
    token('terraform', 'TF_TOKEN_app_terraform_io', `${random.text(base62, 14)}.atlasv1.${random.text(base62, 67)}`),
};

/** All formats, in the order that places get them. */
export const tokenFormats: readonly TokenFormat[] = Object.keys(formats) as TokenFormat[];

function token(provider: string, name: string, secret: string): DepthToken {
  return { secret, name, providers: [provider] };
}

/** Gives each place a token of its own, of one format after the other. */
export class Tokens {
  readonly random: Random;
  #given = 0;

  constructor(random: Random) {
    this.random = random;
  }

  /** A new token; of the next format, where none is asked for. */
  next(format: TokenFormat = tokenFormats[this.#given++ % tokenFormats.length]!): DepthToken {
    return formats[format](this.random);
  }

  /** A password as a person's password manager makes it: whose it is, only what stands around it tells. */
  password(...providers: readonly string[]): DepthToken {
    const secret = `${this.random.text(base62, 17)}${this.random.text(digits, 1)}${this.random.text(base62, 2)}`;
    return { secret, name: 'PASSWORD', providers };
  }
}

/** A token as it stands in plain text: on its own, behind a name, among words, in quotes, between zeros, in a path. */
export const plainContexts: Readonly<Record<string, (token: DepthToken) => string>> = {
  alone: ({ secret }) => `${secret}\n`,
  assigned: ({ secret }) => `UPSTREAM=${secret}\n`,
  named: settings,
  'in a sentence': ({ secret }) => `deploy with ${secret} now\n`,
  quoted: ({ secret }) => `{"a": "${secret}"}\n`,
  'between zeros': ({ secret }) => `Usage\0${secret}\0refused\0`,
  'in a path': ({ secret }) => `keys/${secret}.txt\n`,
};

/** A settings file with the token in it. */
export function settings({ name, secret }: DepthToken): string {
  return `# settings\nPORT=8080\n${name}=${secret}\n`;
}
