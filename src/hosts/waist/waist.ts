import type { Clock, Random } from '../../base/index.ts';
import type { ServiceAddresses } from '../../cluster/index.ts';
import {
  type AdmissionStep,
  CRD_REF,
  type CustomCatalog,
  customKindsStep,
  type CustomResourceDefinition,
  customSchemaPort,
  Informers,
  type Kernel,
  type KernelPorts,
  type KindRef,
  openKernel,
  type ResourceRef,
  runCustomKinds,
  schemaOf,
} from '../../kernel/index.ts';
import {
  admissionPolicyStep,
  auditEvery,
  BACKGROUND_USER,
  celRuleCompiler,
  kyvernoDialect,
  kyvernoPorts,
  type PoliciesOptions,
  POLICY_DIALECTS,
  podSecurityStep,
  policyStep,
  rehearsalStep,
  type PolicySource,
  runPolicies,
  startKyverno,
} from '../../policy/index.ts';

const PODS: ResourceRef = { group: '', version: 'v1', resource: 'pods' };
/** Time between two looks of policies at everything that is there. */
const POLICY_AUDIT_MS = 60_000;

/** What the waist stands on; every host hands in its own. */
export interface WaistOptions
  extends Pick<KernelPorts, 'log' | 'shared' | 'breathe' | 'gather' | 'webhooks' | 'limits' | 'keeps'> {
  readonly clock: Clock;
  readonly random: Random;
  readonly catalog: CustomCatalog;
  /** Gives Services their addresses and node ports. */
  readonly addresses: ServiceAddresses;
  /** Carries conversions of custom kinds; without it a kind that needs one is refused. */
  readonly conversions?: Parameters<typeof customSchemaPort>[2];
  /** Steps of the host between the addresses and the policies: who may grant what, match conditions of webhooks. */
  readonly admission?: readonly AdmissionStep[];
  /** Whether a user may do something, as policies ask it. */
  readonly authorize: PoliciesOptions['authorize'];
  /** Asks external data providers on behalf of policies; without it they are not asked. */
  readonly ask?: PoliciesOptions['ask'];
  readonly tell: (line: string) => void;
  /** Called with the kernel before anything follows its objects. */
  readonly opened?: (kernel: Kernel) => Promise<void>;
}

/** Store, registry, custom kinds and policies in the admission chain: what every client of a host talks to. */
export interface Waist extends AsyncDisposable {
  readonly kernel: Kernel;
}

/** Policies come alive after the kernel they are a step of: until then there are none. */
function latePolicies(ask: PolicySource['ask']): { source: PolicySource; use: (source: PolicySource) => void } {
  let current: PolicySource | undefined;
  const nothing: PolicySource['world'] = {
    parameter: () => undefined,
    parameters: () => [],
    authorize: () => ({ allowed: false }),
  };
  return {
    source: {
      policies: () => current?.policies() ?? [],
      get world() {
        return current?.world ?? nothing;
      },
      ...(ask === undefined ? {} : { ask }),
      ready: () => current?.ready?.(),
      equivalent: request => current?.equivalent?.(request) ?? request,
      rehearse: request => current?.rehearse?.(request),
      stored: request => current?.stored?.(request),
      judged: (request, answers) => current?.judged?.(request, answers),
      mutated: (request, policy, object) => current?.mutated?.(request, policy, object),
    },
    use: source => {
      current = source;
    },
  };
}

/** Follows CustomResourceDefinitions and admission policies; resolves when those already stored are in force. */
async function followDefinitions(
  options: WaistOptions,
  kernel: Kernel,
  use: (source: PolicySource) => void,
): Promise<AsyncDisposable> {
  const { clock, random, catalog, tell } = options;
  await using stack = new AsyncDisposableStack();
  const client = kernel.client();
  const informers = stack.use(
    new Informers({ client, clock, random, report: error => tell(`kernel: ${String(error)}`) }),
  );
  stack.use(
    options.addresses.keep({ client, clock, informers, report: error => tell(`service addresses: ${String(error)}`) }),
  );
  const definitions = informers.of<CustomResourceDefinition>(CRD_REF);
  stack.use(
    runCustomKinds({ client, clock, catalog, definitions, report: error => tell(`custom kinds: ${String(error)}`) }),
  );
  const ports = { ...kyvernoPorts(clock, random), resourceOf: (kind: KindRef) => catalog.kind(kind) };
  const types = {
    catalog,
    schemaOf: (kind: KindRef) => catalog.kind(kind)?.schema ?? schemaOf(kind),
    informer: (ref: ResourceRef) => informers.of(ref),
  };
  const policies = runPolicies({
    ...types,
    client,
    dialects: [...POLICY_DIALECTS, kyvernoDialect(ports)],
    authorize: options.authorize,
    ...(options.ask === undefined ? {} : { ask: options.ask }),
    report: error => tell(`policy: ${String(error)}`),
  });
  const kyverno = stack.use(
    startKyverno({
      ...types,
      client: kernel.client(BACKGROUND_USER),
      clock,
      random,
      ports,
      report: error => tell(`kyverno: ${String(error)}`),
    }),
  );
  use({
    ...policies,
    stored: request => kyverno.stored(request),
    judged: (request, answers) => kyverno.judged(request, answers),
    mutated: (request, policy, object) => kyverno.mutated(request, policy, object),
  });
  informers.start();
  await informers.whenSynced();
  await policies.settled();
  stack.use(
    auditEvery({ policies, clock, every_ms: POLICY_AUDIT_MS, report: error => tell(`policy audit: ${String(error)}`) }),
  );
  const kept = stack.move();
  return { [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Opens the store and what stands in its admission chain; resolves when what is stored of both is in force. */
export async function openWaist(options: WaistOptions): Promise<Waist> {
  const { clock, random, catalog, addresses, conversions, admission = [], tell, opened, ask, ...ports } = options;
  await using stack = new AsyncDisposableStack();
  const { source, use } = latePolicies(ask);
  const kernel: Kernel = stack.use(
    await openKernel({
      ...ports,
      clock,
      random,
      report: error => tell(`kernel: ${String(error)}`),
      catalog,
      schema: customSchemaPort(catalog, celRuleCompiler, conversions),
      admission: [
        customKindsStep(catalog, celRuleCompiler),
        addresses.step,
        ...admission,
        admissionPolicyStep,
        podSecurityStep(async namespace => (await kernel.client().list(PODS, { namespace })).items),
        policyStep(source),
        rehearsalStep(source),
      ],
    }),
  );
  await opened?.(kernel);
  const { journal } = kernel;
  await addresses.load(kernel.client(), clock, journal.allocation && (name => journal.allocation!(name)));
  stack.use(await followDefinitions(options, kernel, use));
  const kept = stack.move();
  return { kernel, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
