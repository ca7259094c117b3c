/**
 * What leaked secrets of a kind of service have in common: what they open, where abuse shows, what stops
 * when they are revoked. A provider's file says what is its own; what it leaves out is composed from here.
 * `{name}` is the provider's name. A table: one entry a category.
 */

/** Guidance for one category of providers. */
export interface CategoryGuidance {
  readonly opens: string;
  readonly abuse: readonly [string, ...string[]];
  readonly breaks: string;
}

/** Guidance by category; the categories are the folders of rules/. */
export const categoryGuidance: Readonly<Record<string, CategoryGuidance>> = {
  ai: {
    opens:
      'Whoever holds it runs models on your {name} account at your cost, and reads what the account keeps: prompts, files, fine-tuned models, depending on the key.',
    abuse: [
      'The usage page of {name}, by key, model and day: stolen AI keys are resold and show as steady traffic on the dearest models, around the clock.',
      'The billing page for spend and quota since the image was first pushed, and the list of API keys for ones nobody on your team made.',
    ],
    breaks:
      'Each request with the old key is refused at once; batch jobs and agents that run for hours fail in the middle, so let them finish or restart them with the new key.',
  },
  cloud: {
    opens:
      'Whoever holds it acts on your {name} account as the user or service account that it belongs to: start machines, read storage and snapshots, change DNS or networks, as far as its role goes.',
    abuse: [
      'The audit or activity log of {name} for calls by this key from addresses and regions you do not use, new users, keys and machines first.',
      'The bill and the list of running resources in every region: mining starts within minutes where a cloud key leaks.',
    ],
    breaks:
      'Deployments, autoscaling, backups and infrastructure code that sign in with the old key fail from the moment it is deleted; what runs already keeps running.',
  },
  'code-and-ci': {
    opens:
      'Whoever holds it reads the source or build logs it has access to on {name}, and where it may write, changes code or pipelines and through them whatever they deploy.',
    abuse: [
      'The audit log of {name} for clones, new deploy keys, webhooks and changed pipeline settings since the image was pushed.',
      'Builds that nobody started, and build steps or variables that print or send secrets.',
    ],
    breaks:
      'Pipelines, bots and mirrors that sign in with the old token fail at their next run; queued builds fail when they start.',
  },
  commerce: {
    opens:
      'Whoever holds it reads orders and customers of your {name} shop, and with write access changes prices, products, stock or fulfilment.',
    abuse: [
      'The API or app log of {name} for exports of customers and orders that no integration of yours makes.',
      'Recent changes to prices, discounts, payout and shipping settings, and apps or webhooks nobody installed.',
    ],
    breaks:
      'Stock, order and shipping synchronisation stops with the old key; orders made meanwhile have to be fetched again afterwards.',
  },
  container: {
    opens:
      'Whoever holds it pulls your private images from {name}, and with write access replaces tags that clusters pull.',
    abuse: [
      'The registry log of {name} for pulls and pushes by this credential from addresses outside your clusters and CI.',
      'Tags whose digest changed without a build of yours.',
    ],
    breaks:
      'Nodes that pull with the old credential fail at their next pull, which may be days later: update pull secrets everywhere before revoking.',
  },
  crm: {
    opens:
      'Whoever holds it reads contacts, deals and correspondence in your {name} account and can change or export them in bulk.',
    abuse: [
      'The API usage and export history of {name}: reading all contacts shows as a burst of list calls.',
      'Connected apps, users and automation rules nobody on your team added.',
    ],
    breaks:
      'Lead forms, synchronisation with mail and billing, and reports that use the old key stop; leads that come in meanwhile are lost where the form has no queue.',
  },
  data: {
    opens:
      'Whoever holds it queries the data that your {name} account holds, and with write access changes or deletes it.',
    abuse: [
      'The query or job history of {name} for reads by this key of tables it does not use in its daily work.',
      'Shares, exports and new users since the image was pushed.',
    ],
    breaks:
      'Loads, dashboards and applications that query with the old key fail from the moment it is revoked; scheduled loads leave a gap that must be filled again.',
  },
  database: {
    opens:
      'Whoever holds it connects to your {name} database as its user, if they can reach the host, and reads and changes what that user may.',
    abuse: [
      'Active connections and the connection log of {name} for client addresses outside your own network.',
      'Slow or large reads, dumps, and new users or roles since the image was pushed.',
    ],
    breaks:
      'Open connections often live on, new ones fail: restart the services after the change, and change jobs and backup scripts that hold the same password.',
  },
  devtools: {
    opens:
      'Whoever holds it acts in your {name} workspace as the user or integration that made it, and reads the projects it has access to.',
    abuse: [
      'The audit log of {name} for exports, new members and new integrations.',
      'The list of tokens with their last use: a use after the image was pushed from a place you do not know.',
    ],
    breaks: 'Scripts and integrations that use the old token fail at their next call.',
  },
  email: {
    opens:
      'Whoever holds it sends mail through your {name} account from your verified domains, with your reputation, and reads recipients and delivery events.',
    abuse: [
      'The activity feed of {name} for senders, subjects and recipients that are not yours; nights and weekends first.',
      'Bounce and complaint rates, used credits, and webhooks or sending domains that nobody added.',
    ],
    breaks:
      'Mail sent with the old key is refused and not kept for later: password resets and receipts stop until each service has the new one.',
  },
  finance: {
    opens:
      'Whoever holds it reads the market data, accounts or ledgers your {name} plan has, and where it may trade or pay, moves money.',
    abuse: [
      'Orders, withdrawals, payees and invoices in {name} that nobody on your team made.',
      'Request counts by key and address, against what your services make in a day.',
    ],
    breaks:
      'Price feeds, bookkeeping and trading jobs that use the old key stop; close or watch open positions before revoking.',
  },
  identity: {
    opens:
      'Whoever holds it acts as an application or administrator at {name}, which decides who may sign in to what: depending on the key they read users, change them, or make sessions.',
    abuse: [
      'The system log of {name} for new administrators, applications, factors and changed policies.',
      'Sign-ins by this client from addresses outside your services.',
    ],
    breaks:
      'Sign-in through the application fails from the moment the old secret is gone; where {name} allows two secrets at a time, overlap them.',
  },
  iot: {
    opens: 'Whoever holds it reads what your devices on {name} report, and where it may write, sends commands to them.',
    abuse: [
      'The device and API log of {name} for commands and firmware changes that nobody sent.',
      'Devices, rules and webhooks added since the image was pushed.',
    ],
    breaks:
      'Devices and services that hold the old key stop reporting; devices in the field may need an update that they can only get while the old one still works.',
  },
  maps: {
    opens:
      'Whoever holds it makes map, routing and geocoding calls at your cost on {name}, and edits datasets where the token may write.',
    abuse: [
      'The usage statistics of {name} by token and day: a sold token shows as traffic from referrers and countries you do not serve.',
      'The bill against your usual month.',
    ],
    breaks:
      'Maps and address fields that use the old key show errors to users at once; deploy the new one before deleting it.',
  },
  marketing: {
    opens:
      'Whoever holds it reads audiences, campaigns and reports in your {name} account, and with write access sends or spends in your name.',
    abuse: [
      'Campaigns, audiences and exports in {name} that nobody on your team made.',
      'Budgets, connected accounts and webhooks changed since the image was pushed.',
    ],
    breaks:
      'Tracking, audience synchronisation and reports that use the old key stop; events of the meantime are missing from later reports.',
  },
  media: {
    opens:
      'Whoever holds it reads and changes the pictures, videos or streams in your {name} account, and transcodes or delivers at your cost.',
    abuse: [
      'The usage and bandwidth figures of {name} by key and day.',
      'Uploads, live streams and deletions that none of your services made.',
    ],
    breaks:
      'Uploads and signed playback that use the old key fail; signed links made with it stop working when it is deleted.',
  },
  messaging: {
    opens:
      'Whoever holds it sends messages or calls through {name} in your name and at your cost, and reads the conversations that the key has access to.',
    abuse: [
      'The message and call log of {name} for destinations you do not serve; premium numbers and bulk text first.',
      'Spend by day, and new webhooks, bots or numbers.',
    ],
    breaks:
      'Notifications, one-time codes and bots that use the old key stop at once; users cannot sign in where a code comes by this channel.',
  },
  observability: {
    opens:
      'Whoever holds it reads logs, metrics or errors in your {name} account, which often hold further secrets and personal data, or fills them with forged entries where the key only writes.',
    abuse: [
      'The audit trail of {name} for queries, exports and new API keys by this key’s owner.',
      'Ingest volume by key: a write key that is abused costs money and buries real alerts.',
    ],
    breaks:
      'Agents with the old key stop reporting without an error that users see: watch that each host and service reports again under the new one.',
  },
  'package-registry': {
    opens:
      'Whoever holds it downloads your private packages from {name}, and where it may publish, puts code into everything that installs them.',
    abuse: [
      'The release history of every package the token may publish, for versions no pipeline of yours made.',
      'The access log of {name}, and new maintainers or tokens.',
    ],
    breaks:
      'Installs of private packages and release jobs fail with the old token; cached builds hide that for a while.',
  },
  payment: {
    opens:
      'Whoever holds it reads customers and transactions in your {name} account, and with a secret key charges, refunds or pays out.',
    abuse: [
      'Refunds, payouts and changed bank accounts in {name} first, then small test charges in bulk.',
      'The API log by key for calls from addresses that are not your servers, and new webhooks or keys.',
    ],
    breaks:
      'Checkout and webhooks that use the old key fail from the moment it is revoked: roll over with an overlap where {name} offers one, and retry the payments of the gap.',
  },
  people: {
    opens:
      'Whoever holds it reads employees, candidates or schedules in your {name} account: names, salaries, documents.',
    abuse: [
      'Exports and report runs in {name} that nobody on your team started.',
      'The API log by key, and users or integrations added since the image was pushed; a leak of personal data may have to be notified.',
    ],
    breaks: 'Payroll, provisioning and calendar synchronisation that use the old key stop until they have the new one.',
  },
  productivity: {
    opens: 'Whoever holds it reads and changes the documents, tasks or forms in {name} that its owner can see.',
    abuse: [
      'The activity or audit log of {name} for exports, shares and new members.',
      'Forms, automations and integrations added or changed since the image was pushed.',
    ],
    breaks: 'Automations and synchronisation that use the old token stop at their next run.',
  },
  security: {
    opens:
      'Whoever holds it reads findings, alerts or intelligence in your {name} account, which tell where you are weak, and with write access mutes or changes them.',
    abuse: [
      'The audit log of {name} for exports, muted alerts and changed policies.',
      'Lookups and scans by this key that none of your tools made.',
    ],
    breaks:
      'Scans and enrichment that use the old key fail; check that pipelines which gate on them fail closed in the meantime.',
  },
  social: {
    opens:
      'Whoever holds it acts as your application or account at {name}: reads profiles and messages it was granted, and posts where it may write.',
    abuse: [
      'Posts, messages and follows by the account that nobody made.',
      'The developer console of {name} for request counts, changed callback addresses and new collaborators.',
    ],
    breaks:
      'Sign-in with {name} and posting jobs fail with the old secret; tokens that users granted stay valid unless they are revoked too.',
  },
  storage: {
    opens:
      'Whoever holds it reads the files or buckets on {name} that the key has access to, and deletes or replaces them where it may write.',
    abuse: [
      'Access logs of the buckets or folders for downloads and listings from addresses that are not yours.',
      'Egress by day, and public links or lifecycle rules nobody set.',
    ],
    breaks:
      'Uploads, backups and links signed with the old key fail once it is deleted; run one backup with the new key before that.',
  },
  support: {
    opens:
      'Whoever holds it reads your customers’ tickets and conversations in {name}, with everything they attached, and answers in your name.',
    abuse: [
      'The audit log of {name} for exports and bulk reads of tickets.',
      'New agents, triggers, webhooks and forwarding addresses.',
    ],
    breaks:
      'Chat widgets, ticket synchronisation and bots that use the old token stop; customers’ messages of the meantime stay unanswered.',
  },
  'web-data': {
    opens:
      'Whoever holds it makes lookups, scrapes or validations on your {name} plan, uses up your quota and is billed to you.',
    abuse: [
      'The request count of {name} by day against what your services make; a shared key shows as a quota that is gone early.',
      'Request logs for queries that none of your services makes.',
    ],
    breaks:
      'Lookups with the old key are refused at once; features that depend on them show gaps until each service has the new one.',
  },
};
