/**
 * The 150 providers whose keys leak most, in the order of published counts as far as there are any (GitHub's and
 * GitGuardian's reports, our own reading of images): each has guidance of its own, written for it and no other.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, it } from 'mocha';
import { parse } from 'yaml';
import { ruleFilesIn } from '../../src/detect/load-rules.ts';
import { parseRules } from '../../src/detect/parse-rules.ts';

const leakMost = `
  google mongodb aws openai telegram slack discord stripe twilio github
  azure postgresql mysql sendgrid firebase npm gitlab docker mailgun huggingface
  cloudflare digitalocean anthropic supabase alibaba tencent redis rabbitmq algolia mapbox
  shopify mailchimp facebook twitter okta auth0 datadog sentry newrelic grafana
  hashicorpvault terraform databricks snowflake heroku vercel netlify pypi jfrog bitbucket
  atlassian notion airtable hubspot salesforce zendesk intercom asana linear figma
  dropbox square paypal braintree razorpay adyen plaid coinbase paystack flutterwave
  replicate cohere groq deepseek mistral openrouter perplexity xai elevenlabs stability
  pinecone langsmith wandb nvidia moonshot assemblyai deepgram together fireworks infura
  alchemy etherscan circleci travisci buildkite jenkins sonarqube snyk codecov rubygems
  nuget cratesio packagist postman launchdarkly doppler pulumi sourcegraph mssql elastic
  clickhouse planetscale neon upstash couchbase linode vultr hetzner scaleway ovh
  ibmcloud oraclecloud yandex baidu wechat lark wecom line vonage messagebird
  plivo telnyx zoom mattermost microsoftteams pagerduty opsgenie splunk segment mixpanel
  amplitude posthog cloudinary backblaze ngrok tailscale apple microsoft kubernetes privatekey
`
  .trim()
  .split(/\s+/);

interface Rotation {
  readonly steps?: readonly string[];
  readonly abuse?: readonly string[];
  readonly breaks?: string;
}

const rotations = new Map(
  ruleFilesIn('rules').map((path) => {
    const file = parse(readFileSync(path, 'utf8')) as { readonly rotate?: Rotation };
    return [basename(path, '.yaml'), { path, rotation: file.rotate ?? {} }] as const;
  }),
);

describe('rotation', () => {
  it('is written for 150 providers', () => {
    assert.equal(new Set(leakMost).size, 150);
  });

  for (const id of leakMost) {
    it(`${id} has steps, signs of abuse and consequences of its own`, () => {
      const { path, rotation } = rotations.get(id) ?? assert.fail('no such provider');
      assert.ok((rotation.steps?.length ?? 0) >= 2, 'steps');
      assert.ok((rotation.abuse?.length ?? 0) >= 1, 'abuse');
      assert.ok((rotation.breaks?.length ?? 0) >= 40, 'breaks');
      const shown = parseRules(readFileSync(path, 'utf8'), path).provider?.rotation;
      assert.deepEqual(shown?.steps, rotation.steps);
      assert.ok((shown?.summary.length ?? 0) > 20 && (shown?.opens.length ?? 0) > 20);
    });

    it(`${id} names where: a console path, a command, a request or a statement`, () => {
      const steps = rotations.get(id)?.rotation.steps?.join('\n') ?? '';
      assert.match(steps, /→|`[^`]+`|\b(?:GET|POST|PUT|PATCH|DELETE|ALTER|CREATE|SET|CONFIG) |https?:|\w\.\w+\/\w/);
    });
  }

  it('has no sentence that stands in two providers', () => {
    const owners = new Map<string, Set<string>>();
    for (const [id, { rotation }] of rotations) {
      for (const text of [...(rotation.steps ?? []), ...(rotation.abuse ?? []), rotation.breaks ?? '']) {
        for (const sentence of text.split(/(?<=[.!?]) +/).map((each) => each.replace(/[.!?]$/, '').trim())) {
          if (sentence.length >= 30) owners.set(sentence, (owners.get(sentence) ?? new Set()).add(id));
        }
      }
    }
    const shared = [...owners]
      .filter(([, ids]) => ids.size > 1)
      .map(([text, ids]) => `${[...ids].join(', ')}: ${text}`);
    assert.deepEqual(shared, []);
  });
});
