import { type Clock, type Random, sleep, uuid } from '../../base/index.ts';
import {
  type Client,
  CRD_REF,
  customCatalog,
  type CustomResourceDefinition,
  elect,
  Informers,
  isAlreadyExists,
  isConflict,
  isNotFound,
  type KindRef,
  type KubeObject,
  type ResourceRef,
  schemaOf,
} from '../../kernel/index.ts';
import {
  answerMutation,
  answerValidation,
  askProviders,
  auditEvery,
  gatekeeperDialect,
  kyvernoDialect,
  kyvernoPorts,
  readReview,
  type RunningPolicies,
  runPolicies,
} from '../../policy/index.ts';
import { endpointResolver } from '../node/webhooks.ts';
import { renewedLeaf, renewedTrust, type ServingNames, type Trust } from './certificates.ts';
import { CONFIGURATION_NAME, type HookSettings, hookConfigurations } from './configuration.ts';
import { startWebhookServer } from './server.ts';

/** How policies of a cluster are served to it. */
export interface ServePolicies {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  /** Where the Lease and the Secret of the webhook are; made where it is missing. */
  readonly namespace: string;
  readonly listen: { readonly host: string; readonly port: number };
  /** How API servers reach this process; told the port that is listened on. */
  readonly target: (port: number) => HookSettings['target'];
  readonly names: ServingNames;
  readonly failurePolicy: HookSettings['failurePolicy'];
  readonly timeout_s: number;
  readonly exempt: readonly string[];
  readonly report: (error: unknown) => void;
}

export interface ServedPolicies extends AsyncDisposable {
  readonly port: number;
  readonly policies: RunningPolicies;
  /** Whether this process is the one that writes. */
  readonly leading: boolean;
}

const FIELD_MANAGER = 'tenon-policy';
const SECRETS: ResourceRef = { group: '', version: 'v1', resource: 'secrets' };
const NAMESPACES: ResourceRef = { group: '', version: 'v1', resource: 'namespaces' };
const SECRET_NAME = 'tenon-policy-webhook';
const LEASE_NAME = 'tenon-policy';
/** Between two looks at what the configurations and certificates ought to be. */
const UPKEEP_MS = 5_000;
const AUDIT_MS = 60_000;

interface SecretObject extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

const encode = (text: string): string => Buffer.from(text).toString('base64');
const decode = (text: string | undefined): string => Buffer.from(text ?? '', 'base64').toString('utf8');

const configurationRef = (kind: string): ResourceRef => ({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  resource: `${kind.toLowerCase()}s`,
});

async function keepNamespace({ client, namespace }: ServePolicies): Promise<void> {
  const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
  await client.create(NAMESPACES, object).catch((error: unknown) => {
    if (!isAlreadyExists(error)) throw error;
  });
}

/** The trust all replicas share: read from its Secret, and made or renewed there. */
async function keepTrust(options: ServePolicies): Promise<Trust> {
  const { client, namespace, clock, random } = options;
  for (;;) {
    const secret = await client.get<SecretObject>(SECRETS, { namespace, name: SECRET_NAME }).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    const kept: Trust | undefined = secret && {
      authority: { certificate: decode(secret.data?.['tls.crt']), key: decode(secret.data?.['tls.key']) },
      bundle: decode(secret.data?.['ca.crt']),
    };
    const trust = renewedTrust(kept, clock, random);
    if (trust === kept) return trust;
    const wanted = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: secret?.metadata ?? { namespace, name: SECRET_NAME },
      type: 'kubernetes.io/tls',
      data: {
        'tls.crt': encode(trust.authority.certificate),
        'tls.key': encode(trust.authority.key),
        'ca.crt': encode(trust.bundle),
      },
    } as unknown as KubeObject;
    try {
      await (secret ? client.update(SECRETS, wanted) : client.create(SECRETS, wanted));
      return trust;
    } catch (error) {
      // Another replica came first: its trust is the one.
      if (!isConflict(error) && !isAlreadyExists(error)) throw error;
    }
  }
}

/** Takes the configurations away: nobody is asked any more. */
export async function unregister(client: Client): Promise<void> {
  for (const kind of ['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration'])
    await client.delete(configurationRef(kind), { name: CONFIGURATION_NAME }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
}

interface FollowedPolicies {
  readonly policies: RunningPolicies;
  readonly documentGroups: readonly string[];
  answer(path: string, body: unknown): Promise<unknown>;
}

/** Policies of the cluster by watch, compiled as in process; its own admission policies stay the API server's. */
async function followPolicies(
  options: ServePolicies,
  stack: AsyncDisposableStack,
  writes: () => boolean,
): Promise<FollowedPolicies> {
  const { client, clock, random, report } = options;
  const catalog = customCatalog();
  const informers = stack.use(new Informers({ client, clock, random, report }));
  const definitions = informers.of<CustomResourceDefinition>(CRD_REF);
  definitions.onChange(({ type, object }) => {
    if (type === 'deleted') catalog.remove(object.metadata.name!);
    else catalog.set(object);
  });
  const namespaces = informers.of(NAMESPACES);
  informers.start();
  await informers.whenSynced();
  const ports = { ...kyvernoPorts(clock, random), resourceOf: (kind: KindRef) => catalog.kind(kind) };
  const dialects = [gatekeeperDialect, kyvernoDialect(ports)];
  const policies = runPolicies({
    client,
    catalog,
    dialects,
    schemaOf: kind => catalog.kind(kind)?.schema ?? schemaOf(kind),
    informer: ref => informers.of(ref),
    authorize: () => ({ allowed: false, error: 'a webhook cannot ask the authorizer' }),
    ask: askProviders({ clock, resolve: endpointResolver(() => client) }),
    convertsInPlace: definition => !catalog.sourceOf(definition)?.spec.conversion?.webhook,
    writes,
    report,
  });
  await policies.settled();
  return {
    policies,
    documentGroups: [...new Set(dialects.flatMap(({ resources }) => resources.map(({ group }) => group)))],
    async answer(path, body) {
      await policies.ready?.();
      const review = readReview(body, name => namespaces.get(name));
      if (review === undefined) return undefined;
      return path.startsWith('/mutate') ? answerMutation(review, policies) : answerValidation(review, policies);
    },
  };
}

/** Keeps certificates and configurations as they ought to be while this process leads. */
async function lead(
  options: ServePolicies,
  { policies, documentGroups }: FollowedPolicies,
  port: number,
  signal: AbortSignal,
): Promise<void> {
  const { client, clock, report } = options;
  await policies.publish();
  using _audits = auditEvery({ policies, clock, every_ms: AUDIT_MS, report });
  while (!signal.aborted) {
    try {
      const { bundle } = await keepTrust(options);
      const inForce = policies.policies().filter(each => each.documents === undefined);
      const configurations = hookConfigurations({
        ...options,
        target: options.target(port),
        caBundle: bundle,
        documentGroups,
        validates: inForce.some(({ decide }) => decide !== undefined),
        mutates: inForce.some(({ mutate }) => mutate !== undefined),
      });
      for (const object of configurations)
        await client.apply(configurationRef(object.kind), { name: CONFIGURATION_NAME }, object, {
          fieldManager: FIELD_MANAGER,
          force: true,
        });
    } catch (error) {
      report(error);
    }
    await sleep(clock, UPKEEP_MS, signal).catch(() => undefined);
  }
}

/** Serves the policies of a cluster to it as admission webhooks, until disposed of. The configurations stay: see {@link unregister}. */
export async function servePolicies(options: ServePolicies): Promise<ServedPolicies> {
  const { client, clock, random, namespace, report, names } = options;
  await using stack = new AsyncDisposableStack();
  const ending = new AbortController();
  let leading = false;
  await keepNamespace(options);
  let trust = await keepTrust(options);
  let leaf = renewedLeaf(undefined, trust, names, clock, random);
  const followed = await followPolicies(options, stack, () => leading);
  const server = stack.use(
    await startWebhookServer(options.listen, leaf, (path, body) => followed.answer(path, body), report),
  );
  const rotate = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      await sleep(clock, UPKEEP_MS, ending.signal).catch(() => undefined);
      if (ending.signal.aborted) return;
      try {
        trust = await keepTrust(options);
        const next = renewedLeaf(leaf, trust, names, clock, random);
        if (next !== leaf) server.use((leaf = next));
      } catch (error) {
        report(error);
      }
    }
  };
  const candidacy = { client, clock, random, lease: { namespace, name: LEASE_NAME }, identity: uuid(random), report };
  const work = Promise.all([
    rotate(),
    elect(
      candidacy,
      async signal => {
        leading = true;
        await lead(options, followed, server.port, signal).finally(() => (leading = false));
      },
      ending.signal,
    ),
  ]);
  stack.defer(async () => {
    ending.abort();
    await work.catch(report);
  });
  const kept = stack.move();
  return {
    port: server.port,
    policies: followed.policies,
    get leading() {
      return leading;
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
