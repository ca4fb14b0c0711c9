import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom, VirtualClock } from '../../../base/index.ts';
import {
  type Client,
  CRD_REF,
  customCatalog,
  type CustomResourceDefinition,
  customKindsStep,
  customSchemaPort,
  Informers,
  type KubeObject,
  memoryLog,
  openKernel,
  type ResourceRef,
  runCustomKinds,
  schemaOf,
  StatusError,
} from '../../../kernel/index.ts';
import { auditEvery } from '../../audit-timer.ts';
import { type RunningPolicies, runPolicies } from '../../controller.ts';
import { policyStep } from '../../engine/admission.ts';
import type { PolicySource } from '../../ports.ts';
import { celRuleCompiler } from '../cel/rules.ts';

const OPEN = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

/** The kind of a Gatekeeper document, cluster-scoped and open. */
const customKind = (group: string, kind: string, plural: string, version: string): KubeObject => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.${group}` },
  spec: {
    group,
    scope: 'Cluster',
    names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase() },
    versions: [
      {
        name: version,
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: { openAPIV3Schema: { type: 'object', properties: { spec: OPEN, status: OPEN } } },
      },
    ],
  },
});

const TEMPLATE: KubeObject = {
  apiVersion: 'templates.gatekeeper.sh/v1',
  kind: 'ConstraintTemplate',
  metadata: { name: 'needslabel' },
  spec: {
    crd: {
      spec: {
        names: { kind: 'NeedsLabel' },
        validation: { openAPIV3Schema: { type: 'object', properties: { label: { type: 'string' } } } },
      },
    },
    targets: [
      {
        target: 'admission.k8s.gatekeeper.sh',
        rego: 'package needslabel\nviolation[{"msg": msg}] {\n  l := input.parameters.label\n  not input.review.object.metadata.labels[l]\n  msg := sprintf("%v needs label %v", [input.review.name, l])\n}',
      },
    ],
  },
};

const constraint = (name: string, enforcementAction: string, label: string): KubeObject => ({
  apiVersion: 'constraints.gatekeeper.sh/v1beta1',
  kind: 'NeedsLabel',
  metadata: { name },
  spec: {
    enforcementAction,
    match: { kinds: [{ apiGroups: [''], kinds: ['ConfigMap'] }] },
    parameters: { label },
  },
});

const MUTATOR: KubeObject = {
  apiVersion: 'mutations.gatekeeper.sh/v1',
  kind: 'AssignMetadata',
  metadata: { name: 'team' },
  spec: {
    match: { scope: 'Namespaced', kinds: [{ apiGroups: [''], kinds: ['ConfigMap'] }] },
    location: 'metadata.labels.team',
    parameters: { assign: { value: 'blue' } },
  },
};

const map = (name: string, labels: Record<string, string> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default', labels },
});

const MAPS: ResourceRef = { group: '', version: 'v1', resource: 'configmaps' };
const TEMPLATES: ResourceRef = { group: 'templates.gatekeeper.sh', version: 'v1', resource: 'constrainttemplates' };
const CONSTRAINTS: ResourceRef = { group: 'constraints.gatekeeper.sh', version: 'v1beta1', resource: 'needslabel' };
const MUTATORS: ResourceRef = { group: 'mutations.gatekeeper.sh', version: 'v1', resource: 'assignmetadata' };

/** A kernel with custom kinds and policies, as hosts run it. */
async function cluster(): Promise<
  { client: Client; policies: RunningPolicies; clock: VirtualClock; settle: () => Promise<void> } & AsyncDisposable
> {
  const clock = new VirtualClock();
  const random = seededRandom(7);
  const stack = new AsyncDisposableStack();
  const catalog = customCatalog();
  let source: PolicySource | undefined;
  const later: PolicySource = {
    policies: () => source?.policies() ?? [],
    get world() {
      return source!.world;
    },
    ready: () => source?.ready?.(),
  };
  const kernel = stack.use(
    await openKernel({
      log: memoryLog(),
      clock,
      random,
      catalog,
      schema: customSchemaPort(catalog, celRuleCompiler),
      admission: [customKindsStep(catalog, celRuleCompiler), policyStep(later)],
    }),
  );
  const client = kernel.client();
  const informers = stack.use(new Informers({ client, clock, random }));
  const definitions = informers.of<CustomResourceDefinition>(CRD_REF);
  stack.use(runCustomKinds({ client, clock, catalog, definitions }));
  const running = runPolicies({
    client,
    catalog,
    schemaOf: kind => catalog.kind(kind)?.schema ?? schemaOf(kind),
    informer: ref => informers.of(ref),
    authorize: () => ({ allowed: false }),
  });
  source = running;
  informers.start();
  await informers.whenSynced();
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 60; i++) {
      await new Promise(resolve => setImmediate(resolve));
      clock.advance(100);
    }
    await running.settled();
  };
  return { client, policies: running, clock, settle, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

test('a template brings its kind, its constraints refuse and warn, mutators change what is written', async () => {
  await using running = await cluster();
  const { client, settle } = running;
  await client.create(CRD_REF, customKind(TEMPLATES.group, 'ConstraintTemplate', TEMPLATES.resource, 'v1'));
  await client.create(CRD_REF, customKind(MUTATORS.group, 'AssignMetadata', MUTATORS.resource, 'v1'));
  await settle();
  await client.create(TEMPLATES, TEMPLATE);
  await settle();
  const definition = await client.get(CRD_REF, { name: 'needslabel.constraints.gatekeeper.sh' });
  assert.equal((definition.spec as { names: { kind: string } }).names.kind, 'NeedsLabel');
  assert.equal(((await client.get(TEMPLATES, { name: 'needslabel' })).status as { created: boolean }).created, true);
  await client.create(CONSTRAINTS, constraint('must-own', 'deny', 'owner'));
  await client.create(CONSTRAINTS, constraint('may-cost', 'dryrun', 'cost'));
  await client.create(MUTATORS, MUTATOR);
  await settle();
  await assert.rejects(client.create(MAPS, map('a')), (error: unknown) => {
    assert.ok(error instanceof StatusError);
    assert.equal(error.status.code, 403);
    assert.match(error.message, /denied the request: \[must-own\] a needs label owner$/);
    return true;
  });
  const written = await client.create(MAPS, map('b', { owner: 'me' }));
  assert.deepEqual(written.metadata.labels, { owner: 'me', team: 'blue' });
  await client.delete(CONSTRAINTS, { name: 'must-own' });
  await settle();
  await client.create(MAPS, map('c'));
  using _audits = auditEvery({ policies: running.policies, clock: running.clock, every_ms: 5_000 });
  await settle();
  const { status } = await client.get(CONSTRAINTS, { name: 'may-cost' });
  const { totalViolations, violations } = status as { totalViolations: number; violations: { name: string }[] };
  assert.deepEqual(
    violations.map(({ name }) => name).filter(name => name !== 'kube-root-ca.crt'),
    ['b', 'c'],
    'what stands is told, though nothing refused it',
  );
  assert.equal(totalViolations, violations.length);
});
