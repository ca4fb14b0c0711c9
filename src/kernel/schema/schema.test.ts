import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../object.ts';
import type { ResourceDefinition } from '../resource.ts';
import { invalid } from '../status.ts';
import { builtinCatalog, compareVersions, schemaOf } from './builtin.ts';
import { convertBuiltin } from './convert.ts';
import { defaultObject } from './default.ts';
import { prune } from './prune.ts';
import type { Schema } from './schema.ts';
import { readBuiltin } from './structure.ts';
import { validateObject } from './validate.ts';
import { parseCron } from './validation/cron.ts';
import { validateValue } from './value.ts';

const definitionOf = (apiVersion: string, kind: string): ResourceDefinition => {
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  return builtinCatalog().kind({ group: group!, version: version!, kind })!;
};

/** An object as the registry would store it, and what is wrong with it. */
function admit(object: object): { object: KubeObject; messages: string[] } {
  const copy = structuredClone(object) as KubeObject;
  const definition = definitionOf(copy.apiVersion, copy.kind);
  assert.equal(readBuiltin(definition.schema, copy).typeError, undefined);
  defaultObject(definition.schema, copy);
  const causes = validateObject(definition, copy);
  return { object: copy, messages: causes.map(cause => `${cause.field}: ${cause.message}`) };
}

const pod = (spec: object): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'd' },
  spec,
});
const one = { name: 'c', image: 'nginx' };
const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [one] } };
const deployment = (spec: object): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'd', namespace: 'd' },
  spec: { selector: { matchLabels: { a: 'b' } }, template, ...spec },
});

const REFUSED: readonly (readonly [object: object, message: string])[] = [
  [pod({ containers: [] }), 'spec.containers: Required value'],
  [pod({ containers: [{ name: 'c' }] }), 'spec.containers[0].image: Required value'],
  [pod({ containers: [one, one] }), 'spec.containers[1].name: Duplicate value: "c"'],
  [
    pod({ containers: [{ ...one, volumeMounts: [{ name: 'v', mountPath: '/v' }] }] }),
    'spec.containers[0].volumeMounts[0].name: Not found: "v"',
  ],
  [
    pod({ containers: [{ ...one, resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } }] }),
    'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
  ],
  [
    pod({ containers: [{ ...one, ports: [{ containerPort: 70000 }] }] }),
    'spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
  ],
  [
    pod({ containers: [one], restartPolicy: 'Never!' }),
    'spec.restartPolicy: Unsupported value: "Never!": supported values: "Always", "OnFailure", "Never"',
  ],
  [
    deployment({ selector: { matchLabels: { a: 'c' } } }),
    'spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match template `labels`',
  ],
  [deployment({ replicas: -1 }), 'spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
  [
    {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'c', namespace: 'd' },
      spec: {
        schedule: '99 * * * *',
        jobTemplate: { spec: { template: { spec: { restartPolicy: 'Never', containers: [one] } } } },
      },
    },
    'spec.schedule: Invalid value: "99 * * * *": end of range (99) above maximum (59): 99',
  ],
  [
    { apiVersion: 'v1', kind: 'Service', metadata: { name: 's', namespace: 'd' }, spec: {} },
    'spec.ports: Required value',
  ],
  [
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'r', namespace: 'd' },
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: [] }],
    },
    'rules[0].verbs: Required value: verbs must contain at least one value',
  ],
  [
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's', namespace: 'd' },
      type: 'kubernetes.io/tls',
      data: { 'tls.crt': '' },
    },
    'data[tls.key]: Required value',
  ],
];

test('refusals are worded as by the API server', () => {
  for (const [object, message] of REFUSED) assert.deepEqual(admit(object).messages, [message]);
});

test('what must not change does not', () => {
  const { object } = admit(deployment({}));
  const changed = structuredClone(object) as KubeObject & {
    spec: { selector: object; template: { metadata: object } };
  };
  changed.spec.selector = { matchLabels: { a: 'x' } };
  changed.spec.template.metadata = { labels: { a: 'x' } };
  const causes = validateObject(definitionOf('apps/v1', 'Deployment'), changed, object);
  assert.deepEqual(
    causes.map(cause => cause.field),
    ['spec.selector'],
  );
  assert.match(invalid('Deployment', 'apps', 'd', causes).message, /field is immutable$/);
});

test('defaults are those of the API server', () => {
  const { object } = admit(deployment({}));
  assert.deepEqual(object.spec, {
    replicas: 1,
    selector: { matchLabels: { a: 'b' } },
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
    template: {
      metadata: { labels: { a: 'b' } },
      spec: {
        containers: [
          {
            name: 'c',
            image: 'nginx',
            imagePullPolicy: 'Always',
            resources: {},
            terminationMessagePath: '/dev/termination-log',
            terminationMessagePolicy: 'File',
          },
        ],
        dnsPolicy: 'ClusterFirst',
        restartPolicy: 'Always',
        schedulerName: 'default-scheduler',
        securityContext: {},
        terminationGracePeriodSeconds: 30,
      },
    },
  });
  const again = structuredClone(object);
  defaultObject(definitionOf('apps/v1', 'Deployment').schema, again);
  assert.deepEqual(again, object);
});

test('unknown fields and wrong types are told as Go tells them', () => {
  const schema = schemaOf({ group: 'apps', version: 'v1', kind: 'Deployment' })!;
  const object = { spec: { replicas: 'x', foo: 1, template: { spec: { containers: [{ bar: 1 }] } } } };
  const report = readBuiltin(schema, object);
  assert.equal(
    report.typeError,
    'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
  );
  assert.deepEqual(report.unknownFields, ['spec.foo', 'spec.template.spec.containers[0].bar']);
  assert.deepEqual(object, { spec: { replicas: 'x', template: { spec: { containers: [{}] } } } });
});

test('quantities and times are kept as Go writes them', () => {
  const schema = schemaOf({ group: '', version: 'v1', kind: 'Pod' })!;
  const object = {
    metadata: { creationTimestamp: '2026-01-02T05:04:05.678+02:00' },
    spec: { containers: [{ name: 'c', resources: { limits: { cpu: 0.5, memory: '1024Mi' } } }] },
  };
  assert.deepEqual(readBuiltin(schema, object), { unknownFields: [] });
  assert.equal(object.metadata.creationTimestamp, '2026-01-02T03:04:05Z');
  assert.deepEqual(object.spec.containers[0]!.resources.limits, { cpu: '500m', memory: '1Gi' });
});

test('every served kind has a schema, and versions have an order', () => {
  let count = 0;
  for (const definition of builtinCatalog().all()) {
    assert.equal(definition.schema.type, 'object', definition.kind);
    count++;
  }
  assert.ok(count > 80, `${count} collections`);
  assert.deepEqual(['v1beta1', 'v1', 'v2', 'v1alpha1', 'v1beta2'].sort(compareVersions), [
    'v2',
    'v1',
    'v1beta2',
    'v1beta1',
    'v1alpha1',
  ]);
});

const custom: Schema = {
  type: 'object',
  fields: new Map([
    ['size', { name: 'size', required: true, schema: { type: 'integer', rules: { minimum: 1 } } }],
    ['mode', { name: 'mode', schema: { type: 'string', rules: { enum: ['a', 'b'], pattern: '^(a+)+$' } } }],
    [
      'list',
      { name: 'list', schema: { type: 'list', listType: 'set', items: { type: 'string' }, rules: { maxItems: 2 } } },
    ],
    ['free', { name: 'free', schema: { type: 'object', preserveUnknown: true } }],
  ]),
};

test('custom values are checked by their schema', () => {
  const messages = (value: object): string[] =>
    validateValue(custom, value, 'spec').list.map(cause => `${cause.field}: ${cause.message}`);
  assert.deepEqual(messages({}), ['spec.size: Required value']);
  assert.deepEqual(messages({ size: 0 }), [
    'spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1',
  ]);
  assert.deepEqual(messages({ size: '1' }), [
    'spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"',
  ]);
  assert.deepEqual(messages({ size: 1, mode: 'aa' }), [
    'spec.mode: Unsupported value: "aa": supported values: "a", "b"',
  ]);
  assert.deepEqual(messages({ size: 1, list: ['x', 'x'] }), ['spec.list[1]: Duplicate value: "x"']);
  assert.deepEqual(messages({ size: 1, list: ['x', 'y', 'z'] }), ['spec.list: Too many: 3: must have at most 2 items']);
});

test('hostile patterns take linear time', () => {
  const start = performance.now();
  validateValue(custom, { size: 1, mode: `${'a'.repeat(50_000)}!` });
  assert.ok(performance.now() - start < 500);
});

test('pruning keeps what it must', () => {
  const object = { apiVersion: 'v1', kind: 'K', metadata: { x: 1 }, size: 1, other: 2, free: { any: 1 } };
  assert.deepEqual(prune(custom, object), ['other']);
  assert.deepEqual(object, { apiVersion: 'v1', kind: 'K', metadata: { x: 1 }, size: 1, free: { any: 1 } });
});

test('versions of one kind convert both ways', () => {
  const metrics = [
    { type: 'Resource', resource: { name: 'memory', target: { type: 'Utilization', averageUtilization: 70 } } },
    { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
  ];
  const scaler = {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'h' },
    spec: { maxReplicas: 3, metrics },
  };
  const v1 = convertBuiltin(scaler, { group: 'autoscaling', version: 'v1', kind: scaler.kind });
  assert.equal((v1.spec as { targetCPUUtilizationPercentage: number }).targetCPUUtilizationPercentage, 50);
  const back = convertBuiltin(v1, { group: 'autoscaling', version: 'v2', kind: scaler.kind });
  assert.deepEqual(back, { ...scaler, spec: { maxReplicas: 3, metrics: [metrics[1], metrics[0]] } });
  const event = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'e' },
    involvedObject: { name: 'p' },
    message: 'm',
    count: 2,
  };
  const modern = convertBuiltin(event, { group: 'events.k8s.io', version: 'v1', kind: 'Event' });
  assert.deepEqual(modern, {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: 'e' },
    regarding: { name: 'p' },
    note: 'm',
    deprecatedCount: 2,
  });
  assert.deepEqual(convertBuiltin(modern, { group: '', version: 'v1', kind: 'Event' }), event);
});

test('schedules', () => {
  for (const good of ['* * * * *', '*/5 0-3 1,15 jan-mar MON', '@daily', '@every 1h30m', '0 0 * * 7'])
    assert.equal(parseCron(good), undefined, good);
  for (const bad of ['', '* * * *', '60 * * * *', '* * 0 * *', '@never', '*/0 * * * *', '5-1 * * * *'])
    assert.notEqual(parseCron(bad), undefined, bad);
});

test('sysctls are names of the kernel, each once', () => {
  const sysctls = ['kernel.shm_rmid_forced', 'foo-', 'net/ipv4/a', 'net.ipv4.a', '.x', ''].map(name => ({
    name,
    value: '1',
  }));
  const object = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'd' },
    spec: { securityContext: { sysctls }, containers: [{ name: 'c', image: 'i' }] },
  } as unknown as KubeObject;
  defaultObject(definitionOf('v1', 'Pod').schema, object);
  const at = (index: number): string => `spec.securityContext.sysctls[${index}].name`;
  const found = validateObject(definitionOf('v1', 'Pod'), object).filter(({ field }) => field?.includes('sysctls'));
  assert.deepEqual(
    found.map(({ field, reason }) => [field, reason]),
    [
      [at(1), 'FieldValueInvalid'],
      [at(3), 'FieldValueDuplicate'],
      [at(4), 'FieldValueInvalid'],
      [at(5), 'FieldValueRequired'],
    ],
  );
});
