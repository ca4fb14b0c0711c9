/** Policies of four dialects that let the pods of the bench pass, each after looking at them. */
import type { KubeObject, ResourceRef } from '../src/kernel/index.ts';

export interface Document {
  readonly ref: ResourceRef;
  readonly object: KubeObject;
}

const OPEN = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

const kind = (group: string, name: string, plural: string, version: string): KubeObject => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.${group}` },
  spec: {
    group,
    scope: 'Cluster',
    names: { kind: name, listKind: `${name}List`, plural, singular: name.toLowerCase() },
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

/** The custom kinds that the documents are of. */
export const KINDS: readonly KubeObject[] = [
  kind('templates.gatekeeper.sh', 'ConstraintTemplate', 'constrainttemplates', 'v1'),
  kind('kyverno.io', 'ClusterPolicy', 'clusterpolicies', 'v1'),
  kind('policies.kyverno.io', 'ValidatingPolicy', 'validatingpolicies', 'v1'),
];

const PODS_RULE = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] };

/** A ValidatingAdmissionPolicy and its binding. */
function admissionPolicy(index: number): Document[] {
  const name = `vap-${index}`;
  const team = index === 0 ? 'none-admission' : `absent-${index}`;
  const object = (of: string, spec: object): Document => ({
    ref: {
      group: 'admissionregistration.k8s.io',
      version: 'v1',
      resource: `${of.toLowerCase()}s`.replace(/ys$/, 'ies'),
    },
    object: { apiVersion: 'admissionregistration.k8s.io/v1', kind: of, metadata: { name }, spec } as KubeObject,
  });
  return [
    object('ValidatingAdmissionPolicy', {
      matchConstraints: { resourceRules: [PODS_RULE] },
      validations: [
        { expression: `object.metadata.labels['team'] != '${team}'`, message: `team ${team} is refused` },
        { expression: `object.spec.containers.all(c, c.image.startsWith('registry.') && c.name != 'x${index}')` },
      ],
    }),
    object('ValidatingAdmissionPolicyBinding', { policyName: name, validationActions: ['Deny'] }),
  ];
}

/** A constraint template in Rego and a constraint of its kind. */
function constraint(index: number): Document[] {
  const name = `needs${index}`;
  const team = index === 0 ? 'none-gatekeeper' : `absent-${index}`;
  const rego = [
    `package ${name}`,
    'violation[{"msg": msg}] {',
    '  input.review.object.metadata.labels.team == input.parameters.team',
    '  msg := sprintf("team %v is refused", [input.parameters.team])',
    '}',
    'violation[{"msg": msg}] {',
    '  container := input.review.object.spec.containers[_]',
    '  not startswith(container.image, input.parameters.repository)',
    '  msg := sprintf("container %v is from elsewhere", [container.name])',
    '}',
  ].join('\n');
  return [
    {
      ref: { group: 'templates.gatekeeper.sh', version: 'v1', resource: 'constrainttemplates' },
      object: {
        apiVersion: 'templates.gatekeeper.sh/v1',
        kind: 'ConstraintTemplate',
        metadata: { name },
        spec: {
          crd: { spec: { names: { kind: `Needs${index}` }, validation: { openAPIV3Schema: OPEN } } },
          targets: [{ target: 'admission.k8s.gatekeeper.sh', rego }],
        },
      } as KubeObject,
    },
    {
      ref: { group: 'constraints.gatekeeper.sh', version: 'v1beta1', resource: name },
      object: {
        apiVersion: 'constraints.gatekeeper.sh/v1beta1',
        kind: `Needs${index}`,
        metadata: { name: `c-${index}` },
        spec: {
          match: { kinds: [{ apiGroups: [''], kinds: ['Pod'] }] },
          parameters: { team, repository: 'registry.example.com/' },
        },
      } as KubeObject,
    },
  ];
}

/** A ClusterPolicy with a pattern and a condition. */
function clusterPolicy(index: number): Document {
  const team = index === 0 ? 'none-kyverno' : `absent-${index}`;
  const match = { any: [{ resources: { kinds: ['Pod'] } }] };
  const pattern = {
    spec: { containers: [{ image: '!*:latest', resources: { limits: { memory: `<=${index + 1}Gi` } } }] },
  };
  const key = '{{ request.object.metadata.labels.team }}';
  const deny = { conditions: { any: [{ key, operator: 'Equals', value: team }] } };
  return {
    ref: { group: 'kyverno.io', version: 'v1', resource: 'clusterpolicies' },
    object: {
      apiVersion: 'kyverno.io/v1',
      kind: 'ClusterPolicy',
      metadata: { name: `kyverno-${index}` },
      spec: {
        background: false,
        rules: [
          { name: 'limits', match, validate: { failureAction: 'Enforce', message: 'limits are needed', pattern } },
          { name: 'team', match, validate: { failureAction: 'Enforce', message: `team ${team} is refused`, deny } },
        ],
      },
    } as KubeObject,
  };
}

/** A ValidatingPolicy of policies.kyverno.io. */
function validatingPolicy(index: number): Document {
  const team = index === 0 ? 'none-validating' : `absent-${index}`;
  return {
    ref: { group: 'policies.kyverno.io', version: 'v1', resource: 'validatingpolicies' },
    object: {
      apiVersion: 'policies.kyverno.io/v1',
      kind: 'ValidatingPolicy',
      metadata: { name: `validating-${index}` },
      spec: {
        validationActions: ['Deny'],
        matchConstraints: { resourceRules: [PODS_RULE] },
        variables: [{ name: 'team', expression: "object.metadata.?labels['team'].orValue('')" }],
        validations: [
          { expression: `variables.team != '${team}'`, message: `team ${team} is refused` },
          { expression: 'object.spec.containers.all(c, has(c.resources.limits))', message: 'limits are needed' },
        ],
      },
    } as KubeObject,
  };
}

/** As many policies of each dialect. */
export function documentsOfFourDialects(each: number): Document[] {
  return Array.from({ length: each }, (_, index) => [
    ...admissionPolicy(index),
    ...constraint(index),
    clusterPolicy(index),
    validatingPolicy(index),
  ]).flat();
}
