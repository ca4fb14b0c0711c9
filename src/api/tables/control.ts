import type { KubeObject } from '../../kernel/index.ts';
import { ageCell, at, listAt, nameOf, numberAt, shape, textAt } from './shape.ts';
import type { TableShape } from './shape.ts';

const webhooks = shape('Name|Webhooks#|Age', (object, now_ms) => [
  nameOf(object),
  listAt(object, 'webhooks').length,
  ageCell(object, now_ms),
]);

const paramKind = (object: KubeObject): string => {
  const kind = at(object, 'spec.paramKind');
  return kind ? `${textAt(kind, 'apiVersion')}/${textAt(kind, 'kind')}` : '<unset>';
};

const paramRef = (object: KubeObject): string => {
  const ref = at(object, 'spec.paramRef');
  if (!ref) return '<unset>';
  return `${textAt(ref, 'namespace', '*')}/${textAt(ref, 'name', '*')}`;
};

const admissionPolicy = (counted: 'Validations' | 'Mutations'): TableShape =>
  shape(`Name|${counted}#|ParamKind|Age`, (object, now_ms) => [
    nameOf(object),
    listAt(object, `spec.${counted.toLowerCase()}`).length,
    paramKind(object),
    ageCell(object, now_ms),
  ]);

const policyBinding = shape('Name|PolicyName|ParamRef|Age', (object, now_ms) => [
  nameOf(object),
  textAt(object, 'spec.policyName'),
  paramRef(object),
  ageCell(object, now_ms),
]);

const flowSchema = shape(
  'Name|PriorityLevel|MatchingPrecedence#|DistinguisherMethod|Age|MissingPL',
  (object, now_ms) => {
    const dangling = listAt(object, 'status.conditions').find(one => one.type === 'Dangling');
    return [
      nameOf(object),
      textAt(object, 'spec.priorityLevelConfiguration.name'),
      numberAt(object, 'spec.matchingPrecedence'),
      textAt(object, 'spec.distinguisherMethod.type', '<none>'),
      ageCell(object, now_ms),
      textAt(dangling, 'status', '?'),
    ];
  },
);

const priorityLevel = shape(
  'Name|Type|NominalConcurrencyShares|Queues|HandSize|QueueLengthLimit|Age',
  (object, now_ms) => {
    const limited = at(object, 'spec.limited') ?? at(object, 'spec.exempt');
    const queuing = at(limited, 'limitResponse.queuing');
    return [
      nameOf(object),
      textAt(object, 'spec.type'),
      textAt(limited, 'nominalConcurrencyShares', '<none>'),
      textAt(queuing, 'queues', '<none>'),
      textAt(queuing, 'handSize', '<none>'),
      textAt(queuing, 'queueLengthLimit', '<none>'),
      ageCell(object, now_ms),
    ];
  },
);

export const CONTROL_SHAPES: readonly (readonly [string, TableShape])[] = [
  ['admissionregistration.k8s.io/MutatingWebhookConfiguration', webhooks],
  ['admissionregistration.k8s.io/ValidatingWebhookConfiguration', webhooks],
  ['admissionregistration.k8s.io/ValidatingAdmissionPolicy', admissionPolicy('Validations')],
  ['admissionregistration.k8s.io/MutatingAdmissionPolicy', admissionPolicy('Mutations')],
  ['admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding', policyBinding],
  ['admissionregistration.k8s.io/MutatingAdmissionPolicyBinding', policyBinding],
  ['flowcontrol.apiserver.k8s.io/FlowSchema', flowSchema],
  ['flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration', priorityLevel],
  [
    'autoscaling/Scale',
    shape('Name|Desired#|Available#|Age', (object, now_ms) => [
      nameOf(object),
      numberAt(object, 'spec.replicas'),
      numberAt(object, 'status.replicas'),
      ageCell(object, now_ms),
    ]),
  ],
];
