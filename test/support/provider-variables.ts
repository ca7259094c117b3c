/**
 * How users carry the secrets of providers whose own name is not in the variable's: a table for providers.test.ts.
 */

/** A variable, and whether it holds the whole phrase the secret stands in: a connection string, a JSON document, a line. */
export interface ProviderVariable {
  readonly variable: string;
  readonly whole?: true;
}

/** By provider id. */
export const providerVariables: Readonly<Record<string, ProviderVariable>> = {
  amazonadvertising: { variable: 'AMAZON_ADS_CLIENT_SECRET' },
  aws: { variable: 'AWS_SECRET_ACCESS_KEY' },
  azure: { variable: 'AZURE_STORAGE_KEY' },
  besnappy: { variable: 'BESNAPPY_API_KEY' },
  bing: { variable: 'BING_MAPS_KEY' },
  browser: { variable: 'FIREFOX_LOGINS', whole: true },
  coinbase: { variable: 'COINBASE_CDP_KEY', whole: true },
  commandline: { variable: 'DEPLOY_COMMAND', whole: true },
  convertkit: { variable: 'CONVERTKIT_API_SECRET' },
  convex: { variable: 'CONVEX_SELF_HOSTED_ADMIN_KEY' },
  database: { variable: 'DATABASE_CONNECTION', whole: true },
  definedfi: { variable: 'DEFINED_FI_API_KEY' },
  drake: { variable: 'DRAKE_SERIAL_NUMBER' },
  erlang: { variable: 'RABBITMQ_ERLANG_COOKIE' },
  faceplusplus: { variable: 'FACEPP_API_SECRET' },
  getgist: { variable: 'GETGIST_API_KEY' },
  google: { variable: 'GOOGLE_APPLICATION_CREDENTIALS_JSON', whole: true },
  gotomeeting: { variable: 'GOTOMEETING_CLIENT_SECRET' },
  gradle: { variable: 'GRADLE_PUBLISH_SECRET' },
  homebrew: { variable: 'HOMEBREW_GITHUB_API_TOKEN' },
  ibmwatsoniot: { variable: 'WATSON_IOT_AUTH_TOKEN' },
  integromat: { variable: 'MAKE_API_TOKEN' },
  krb5: { variable: 'KRB5_HASH', whole: true },
  line: { variable: 'LINE_CHANNEL_SECRET' },
  mongodb: { variable: 'MONGODB_ATLAS_PRIVATE_KEY' },
  mpesa: { variable: 'MPESA_CONSUMER_SECRET' },
  myintervals: { variable: 'MYINTERVALS_API_TOKEN' },
  nasa: { variable: 'NASA_API_KEY' },
  nats: { variable: 'NATS_NKEY_SEED' },
  netrc: { variable: 'NETRC', whole: true },
  odbc: { variable: 'REPORTS_CONNECTION', whole: true },
  oracle: { variable: 'ORACLE_DB_PASSWORD' },
  oraclecloud: { variable: 'OCI_AUTH_TOKEN' },
  ovh: { variable: 'OVH_APPLICATION_SECRET' },
  passwordhash: { variable: 'HTPASSWD', whole: true },
  phpmailer: { variable: 'MAIL_SETUP', whole: true },
  psexec: { variable: 'DEPLOY_COMMAND', whole: true },
  rev: { variable: 'REV_AI_ACCESS_TOKEN' },
  sidekiq: { variable: 'BUNDLE_GEMS__CONTRIBSYS__COM' },
  stitchdata: { variable: 'STITCHDATA_API_KEY' },
  tower: { variable: 'TOWER_SERVICE_TOKEN' },
  twitter: { variable: 'TWITTER_API_SECRET' },
  upstash: { variable: 'UPSTASH_REDIS_REST_TOKEN' },
  wandb: { variable: 'WANDB_API_KEY' },
  wechat: { variable: 'WECHAT_PAY_API_KEY' },
};
