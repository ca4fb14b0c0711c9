import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../object.ts';
import { parseYaml } from '../../decode/index.ts';
import { builtinCatalog } from '../builtin.ts';
import { schemaPort } from '../port.ts';

/** What a real kube-apiserver 1.34 answered for each: resource, document, causes in its order. */
const REFUSED: readonly (readonly [resource: string, document: string, causes: readonly string[]])[] = [
  [
    'storage.k8s.io/v1/volumeattachments',
    '{kind: VolumeAttachment, metadata: {name: a}, spec: {attacher: csi.example.org, nodeName: worker}}',
    ['spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName'],
  ],
  [
    'storage.k8s.io/v1/volumeattributesclasses',
    '{kind: VolumeAttributesClass, metadata: {name: a}, driverName: /etc}',
    [
      'driverName: Invalid value: "/etc": prefix part must be non-empty',
      'parameters: Required value: must contain at least one key/value pair',
    ],
  ],
  [
    'storage.k8s.io/v1/csinodes',
    '{kind: CSINode, metadata: {name: a}, spec: {drivers: [{name: d.example.org, nodeID: a, allocatable: {count: -1}}]}}',
    ['spec.drivers[0].allocatable.count: Invalid value: -1: must be greater than or equal to 0'],
  ],
  [
    'storage.k8s.io/v1/storageclasses',
    '{kind: StorageClass, metadata: {name: a}, provisioner: d, reclaimPolicy: Delete, volumeBindingMode: Immediate, allowedTopologies: [{matchLabelExpressions: [{key: zone}]}]}',
    ['allowedTopologies[0].matchLabelExpressions[0].values: Required value'],
  ],
  [
    'flowcontrol.apiserver.k8s.io/v1/flowschemas',
    '{kind: FlowSchema, metadata: {name: a}, spec: {matchingPrecedence: 5, priorityLevelConfiguration: {name: l}, rules: [{subjects: [{kind: Robot}], resourceRules: [{verbs: [look], apiGroups: [""], resources: [pods]}]}]}}',
    [
      'spec.rules[0].subjects[0].kind: Unsupported value: "Robot": supported values: "Group", "ServiceAccount", "User"',
      'spec.rules[0].resourceRules[0].verbs: Unsupported value: ["look"]: supported values: "create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"',
      'spec.rules[0].resourceRules[0].namespaces: Required value: resource rules that are not cluster scoped must supply at least one namespace',
    ],
  ],
  [
    'networking.k8s.io/v1/ipaddresses',
    '{kind: IPAddress, metadata: {name: x}, spec: {parentRef: {resource: services, name: ".."}}}',
    [
      'metadata.name: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      `spec.parentRef.name: Invalid value: "..": may not be '..'`,
    ],
  ],
  [
    'networking.k8s.io/v1/servicecidrs',
    '{kind: ServiceCIDR, metadata: {name: a}, spec: {cidrs: [1.2.3.4]}}',
    ['spec.cidrs[0]: Invalid value: "1.2.3.4": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'],
  ],
  [
    'apiregistration.k8s.io/v1/apiservices',
    '{kind: APIService, metadata: {name: v1.a}, spec: {group: b, version: v1, groupPriorityMinimum: 70000, insecureSkipTLSVerify: true}}',
    [
      'metadata.name: Invalid value: "v1.a": must be `spec.version+"."+spec.group`: "v1.b"',
      'spec.groupPriorityMinimum: Invalid value: 70000: must be positive and less than 20000',
      'spec.versionPriority: Invalid value: 0: must be positive and less than 1000',
      'spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have insecureSkipTLSVerify',
    ],
  ],
  [
    'events.k8s.io/v1/events',
    '{kind: Event, metadata: {name: a, namespace: default}, reason: r, action: a, reportingController: c, reportingInstance: c, eventTime: "2026-01-01T00:00:00.000000Z", series: {count: 1}}',
    [
      'series.count: Invalid value: "": should be at least 2',
      'series.lastObservedTime: Required value',
      'type: Invalid value: "": has invalid value: ',
    ],
  ],
  [
    '/v1/resourcequotas',
    '{kind: ResourceQuota, metadata: {name: a, namespace: default}, spec: {hard: {pods: 1.5}, scopes: [Never]}}',
    [
      'spec.hard[pods]: Invalid value: "1500m": must be an integer',
      'spec.scopes: Invalid value: ["Never"]: unsupported scope',
    ],
  ],
  [
    '/v1/secrets',
    '{kind: Secret, metadata: {name: a, namespace: default}, type: kubernetes.io/dockerconfigjson, data: {.dockerconfigjson: MTBNaQ==}}',
    [
      `data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": invalid character 'M' after top-level value`,
    ],
  ],
  [
    'resource.k8s.io/v1/resourceclaims',
    '{kind: ResourceClaim, metadata: {name: a, namespace: default}, spec: {devices: {requests: [{name: r}], constraints: [{requests: [q], matchAttribute: x}]}}}',
    [
      'spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required',
      `spec.devices.constraints[0].requests[0]: Invalid value: "q": must be the name of a request in the claim or the name of a request and a subrequest separated by '/'`,
      'spec.devices.constraints[0].matchAttribute: Invalid value: "x": must include a domain',
    ],
  ],
  [
    'rbac.authorization.k8s.io/v1/clusterroles',
    '{kind: ClusterRole, metadata: {name: a}, aggregationRule: {clusterRoleSelectors: []}}',
    [
      'aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil',
    ],
  ],
];

for (const [resource, text, causes] of REFUSED) {
  const object = parseYaml(text).value as unknown as KubeObject;
  test(`${object.kind}: what is wrong is told as the API server tells it`, () => {
    const [name = '', version = '', group = ''] = resource.split('/').toReversed();
    const definition = builtinCatalog().resource({ group, version, resource: name })!;
    const port = schemaPort();
    const found = port.validate(definition, object, undefined, '');
    assert.deepEqual(
      found.map(({ field, message }) => `${field}: ${message}`),
      causes,
    );
  });
}
