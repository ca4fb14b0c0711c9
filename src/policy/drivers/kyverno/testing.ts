import { seededRandom, VirtualClock } from '../../../base/index.ts';
import {
  type Client,
  CRD_REF,
  customCatalog,
  customKindsStep,
  type CustomResourceDefinition,
  customSchemaPort,
  Informers,
  type KindRef,
  type KubeObject,
  openKernel,
  type ResourceRef,
  runCustomKinds,
  schemaOf,
} from '../../../kernel/index.ts';
import { celRuleCompiler } from '../../dialects/cel/rules.ts';
import { policyStep } from '../../engine/admission.ts';
import { BACKGROUND_USER, kyvernoPorts, startKyverno } from './index.ts';

export const ref = (group: string, version: string, resource: string): ResourceRef => ({ group, version, resource });

/** A custom kind whose objects may hold anything. */
export const definition = (
  group: string,
  version: string,
  kind: string,
  plural: string,
  scope = 'Cluster',
): KubeObject =>
  ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope,
      names: { plural, singular: kind.toLowerCase(), kind },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  }) as unknown as KubeObject;

/** What a test plays on. */
export interface Stage {
  readonly client: Client;
  /** Who does the background work. */
  readonly background: Client;
  run(by_ms: number): Promise<void>;
}

/** A kernel in virtual time with the background work, its kinds and a namespace. */
export async function onStage(play: (stage: Stage) => Promise<void>, kinds: readonly KubeObject[] = []): Promise<void> {
  const clock = new VirtualClock();
  const random = seededRandom(1);
  const catalog = customCatalog();
  const held: { kyverno?: ReturnType<typeof startKyverno> } = {};
  const world = { parameter: () => undefined, parameters: () => [], authorize: () => ({ allowed: false }) };
  const step = policyStep({ policies: () => [], world, stored: request => held.kyverno?.stored(request) });
  await using stack = new AsyncDisposableStack();
  const admission = [customKindsStep(catalog, celRuleCompiler), step];
  const schema = customSchemaPort(catalog, celRuleCompiler);
  const kernel = stack.use(await openKernel({ clock, random, catalog, schema, admission }));
  const client = kernel.client({ name: 'ada', groups: ['system:masters'] });
  const informers = stack.use(new Informers({ client: kernel.client(), clock, random }));
  const definitions = informers.of<CustomResourceDefinition>(CRD_REF);
  stack.use(runCustomKinds({ client: kernel.client(), clock, catalog, definitions }));
  held.kyverno = stack.use(
    startKyverno({
      client: kernel.client(BACKGROUND_USER),
      clock,
      random,
      catalog,
      schemaOf: (kind: KindRef) => catalog.kind(kind)?.schema ?? schemaOf(kind),
      informer: of => informers.of(of),
      ports: { ...kyvernoPorts(clock, random), resourceOf: kind => catalog.kind(kind) },
    }),
  );
  informers.start();
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 30; i++) await new Promise(resolve => setImmediate(resolve));
  };
  const run = async (by_ms: number): Promise<void> => {
    await settle();
    const until = clock.now() + by_ms;
    for (let next = clock.next(); next !== undefined && next <= until; next = clock.next()) {
      clock.advance(Math.max(0, next - clock.now()));
      await settle();
    }
    clock.advance(until - clock.now());
    await settle();
  };
  for (const each of [
    definition('kyverno.io', 'v1', 'ClusterPolicy', 'clusterpolicies'),
    definition('kyverno.io', 'v2', 'ClusterCleanupPolicy', 'clustercleanuppolicies'),
    definition('policies.kyverno.io', 'v1', 'MutatingPolicy', 'mutatingpolicies'),
    definition('policies.kyverno.io', 'v1', 'GeneratingPolicy', 'generatingpolicies'),
    definition('wgpolicyk8s.io', 'v1alpha2', 'PolicyReport', 'policyreports', 'Namespaced'),
    ...kinds,
  ])
    await kernel.client().create(CRD_REF, each);
  await run(1_000);
  await play({ client, background: kernel.client(BACKGROUND_USER), run });
}
