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

const ASSIGNS: ResourceRef = { group: 'mutations.gatekeeper.sh', version: 'v1', resource: 'assign' };
const EXPANSIONS: ResourceRef = { group: 'expansion.gatekeeper.sh', version: 'v1beta1', resource: 'expansiontemplate' };
const CONFIGS: ResourceRef = { group: 'config.gatekeeper.sh', version: 'v1alpha1', resource: 'configs' };
const assign = (name: string, location: string, value: unknown = 'x'): KubeObject => ({
  apiVersion: 'mutations.gatekeeper.sh/v1',
  kind: 'Assign',
  metadata: { name },
  spec: {
    applyTo: [{ groups: [''], versions: ['v1'], kinds: ['Pod'] }],
    location,
    parameters: { assign: { value } },
  },
});
const expansion = (name: string, from: string, to: string): KubeObject => ({
  apiVersion: 'expansion.gatekeeper.sh/v1beta1',
  kind: 'ExpansionTemplate',
  metadata: { name },
  spec: {
    applyTo: [{ groups: ['x'], versions: ['v1'], kinds: [from] }],
    templateSource: 'spec.template',
    generatedGVK: { group: 'x', version: 'v1', kind: to },
  },
});

test('documents that could not be put in force are refused, with the reason', async () => {
  await using running = await cluster();
  const { client, settle } = running;
  await client.create(CRD_REF, customKind(TEMPLATES.group, 'ConstraintTemplate', TEMPLATES.resource, 'v1'));
  await client.create(CRD_REF, customKind(ASSIGNS.group, 'Assign', ASSIGNS.resource, 'v1'));
  await client.create(CRD_REF, customKind(CONFIGS.group, 'Config', CONFIGS.resource, 'v1alpha1'));
  await settle();
  const refusedAs = async (ref: ResourceRef, object: KubeObject): Promise<string> => {
    try {
      await client.create(ref, object);
    } catch (error) {
      if (error instanceof StatusError) return error.message;
      throw error;
    }
    return 'taken';
  };
  const target = (TEMPLATE.spec as { targets: object[] }).targets[0]!;
  const templated = (more: object): KubeObject => ({ ...TEMPLATE, spec: { ...(TEMPLATE.spec as object), ...more } });
  const DENIED = 'admission webhook "validation.gatekeeper.sh" denied the request: ';
  for (const [object, why] of [
    [{ ...TEMPLATE, metadata: { name: 'other' } }, /not equal to the lowercase of CRD's Kind: "needslabel"/],
    [
      templated({ targets: [{ ...target, rego: 'package a\nviolation[{"msg": m}] { m := x }' }] }),
      /rego_unsafe_var_error/,
    ],
    [templated({ targets: [] }), /exactly one target/],
  ] as const) {
    const found = await refusedAs(TEMPLATES, object);
    assert.ok(found.startsWith(DENIED), found);
    assert.match(found, why);
  }
  assert.match(await refusedAs(ASSIGNS, assign('a', 'metadata.labels.x')), /can't change metadata/);
  assert.match(await refusedAs(ASSIGNS, assign('a', 'spec.containers[name: *]')), /globbed list/);
  assert.match(await refusedAs(ASSIGNS, assign('a', 'spec.containers[name: c]', { name: 'd' })), /different key name/);
  const config = (name: string): KubeObject => ({
    apiVersion: 'config.gatekeeper.sh/v1alpha1',
    kind: 'Config',
    metadata: { name },
  });
  assert.match(await refusedAs(CONFIGS, config('x')), /must have name 'config'/);
  assert.equal(await refusedAs(CONFIGS, config('config')), 'taken');
  await client.create(TEMPLATES, TEMPLATE);
  await settle();
  assert.match(await refusedAs(CONSTRAINTS, constraint('c', 'forbid', 'l')), /enforcementAction/);
  assert.equal(await refusedAs(CONSTRAINTS, constraint('c', 'warn', 'l')), 'taken');
});

test('a Config leaves namespaces out of what it names', async () => {
  await using running = await cluster();
  const { client, settle } = running;
  await client.create(CRD_REF, customKind(TEMPLATES.group, 'ConstraintTemplate', TEMPLATES.resource, 'v1'));
  await client.create(CRD_REF, customKind(CONFIGS.group, 'Config', CONFIGS.resource, 'v1alpha1'));
  await client.create(CRD_REF, customKind(MUTATORS.group, 'AssignMetadata', MUTATORS.resource, 'v1'));
  await settle();
  await client.create(TEMPLATES, TEMPLATE);
  await settle();
  await client.create(CONSTRAINTS, constraint('must-own', 'deny', 'owner'));
  await client.create(MUTATORS, MUTATOR);
  await settle();
  await assert.rejects(client.create(MAPS, map('a')), StatusError);
  await client.create(CONFIGS, {
    apiVersion: 'config.gatekeeper.sh/v1alpha1',
    kind: 'Config',
    metadata: { name: 'config' },
    spec: { match: [{ excludedNamespaces: ['def*'], processes: ['webhook'] }] },
  });
  await settle();
  const written = await client.create(MAPS, map('a'));
  assert.deepEqual(written.metadata.labels, { team: 'blue' }, 'mutation is another process');
  await running.policies.audit('2026-01-01T00:00:00Z');
  const { status } = await client.get(CONSTRAINTS, { name: 'must-own' });
  assert.ok(
    (status as { violations: { name: string }[] }).violations.some(({ name }) => name === 'a'),
    'audits go on',
  );
});

test('mutators in conflict and expansions in a cycle say so in status until one goes', async () => {
  await using running = await cluster();
  const { client, settle } = running;
  await client.create(CRD_REF, customKind(ASSIGNS.group, 'Assign', ASSIGNS.resource, 'v1'));
  await client.create(CRD_REF, customKind(EXPANSIONS.group, 'ExpansionTemplate', EXPANSIONS.resource, 'v1beta1'));
  await settle();
  const errors = async (ref: ResourceRef, name: string): Promise<string[]> => {
    const { status } = await client.get(ref, { name });
    const [pod] = (status as { byPod: { errors?: { message: string }[] }[] }).byPod;
    return (pod!.errors ?? []).map(({ message }) => message);
  };
  await client.create(ASSIGNS, assign('a', 'spec.tolerations.x'));
  await client.create(EXPANSIONS, expansion('a', 'A', 'B'));
  await settle();
  assert.deepEqual([await errors(ASSIGNS, 'a'), await errors(EXPANSIONS, 'a')], [[], []]);
  await client.create(ASSIGNS, assign('b', 'spec.tolerations[key: k].value'));
  await client.create(EXPANSIONS, expansion('b', 'B', 'A'));
  await settle();
  for (const name of ['a', 'b']) {
    assert.match((await errors(ASSIGNS, name)).join(), /conflicting schemas: \[Assign\/a,Assign\/b\]/);
    assert.deepEqual(await errors(EXPANSIONS, name), ['template forms expansion cycle']);
  }
  await client.delete(ASSIGNS, { name: 'b' });
  await client.delete(EXPANSIONS, { name: 'b' });
  await settle();
  assert.deepEqual([await errors(ASSIGNS, 'a'), await errors(EXPANSIONS, 'a')], [[], []]);
});
