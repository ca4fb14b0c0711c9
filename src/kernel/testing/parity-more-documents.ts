import { REST_PARITY_DOCUMENTS } from './parity-rest-documents.ts';

/** Documents of the kinds {@link PARITY_DOCUMENTS} leaves out: below which collection each is sent, and its text. */
export const MORE_PARITY_DOCUMENTS: readonly (readonly [path: string, text: string])[] = [
  [
    '/api/v1/namespaces/default/configmaps',
    `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, labels: {app: web}, annotations: {note: "1"}}
data: {a: "1", b.txt: two}
binaryData: {c: AAEC}
immutable: false
`,
  ],
  [
    '/api/v1/namespaces/default/secrets',
    `
apiVersion: v1
kind: Secret
metadata: {name: key}
type: kubernetes.io/basic-auth
data: {username: YQ==}
stringData: {password: b}
`,
  ],
  [
    '/api/v1/namespaces/default/secrets',
    `
apiVersion: v1
kind: Secret
metadata: {name: registry}
type: kubernetes.io/dockerconfigjson
stringData: {.dockerconfigjson: "{}"}
`,
  ],
  [
    '/api/v1/namespaces/default/serviceaccounts',
    `
apiVersion: v1
kind: ServiceAccount
metadata: {name: robot}
automountServiceAccountToken: false
secrets: [{name: key}]
imagePullSecrets: [{name: registry}]
`,
  ],
  [
    '/api/v1/namespaces/default/endpoints',
    `
apiVersion: v1
kind: Endpoints
metadata: {name: manual}
subsets: [{addresses: [{ip: 10.1.2.3, hostname: a}], notReadyAddresses: [{ip: 10.1.2.4}], ports: [{name: http, port: 80}]}]
`,
  ],
  [
    '/api/v1/namespaces/default/events',
    `
apiVersion: v1
kind: Event
metadata: {name: happened}
involvedObject: {kind: Pod, name: web, namespace: default, apiVersion: v1}
reason: Started
message: it did
type: Normal
count: 1
source: {component: kubelet, host: a}
firstTimestamp: "2026-01-01T00:00:00Z"
lastTimestamp: "2026-01-01T00:00:00Z"
`,
  ],
  [
    '/apis/events.k8s.io/v1/namespaces/default/events',
    `
apiVersion: events.k8s.io/v1
kind: Event
metadata: {name: told}
eventTime: "2026-01-01T00:00:00.000000Z"
reportingController: example.org/c
reportingInstance: c-1
action: Start
reason: Started
regarding: {kind: Pod, name: web, namespace: default}
type: Normal
note: it did
series: {count: 2, lastObservedTime: "2026-01-01T00:00:00.000000Z"}
`,
  ],
  [
    '/api/v1/namespaces/default/podtemplates',
    `
apiVersion: v1
kind: PodTemplate
metadata: {name: pattern}
template:
  metadata: {labels: {app: a}}
  spec:
    containers:
    - name: c
      image: example.org/c
      startupProbe: {grpc: {port: 90}}
      lifecycle: {postStart: {httpGet: {path: /a, port: 80}}}
      resizePolicy: [{resourceName: cpu, restartPolicy: NotRequired}]
    topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: a}}}]
`,
  ],
  [
    '/apis/apps/v1/namespaces/default/replicasets',
    `
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: set}
spec:
  replicas: 1
  selector: {matchExpressions: [{key: app, operator: In, values: [a]}]}
  template:
    metadata: {labels: {app: a}}
    spec:
      affinity:
        nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: zone, operator: Gt, values: ["1"]}]}]}}
        podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 5, podAffinityTerm: {topologyKey: zone, labelSelector: {matchLabels: {app: a}}}}]}
      dnsPolicy: None
      dnsConfig: {nameservers: [10.0.0.1], searches: [example.org], options: [{name: ndots, value: "2"}]}
      hostAliases: [{ip: 10.0.0.2, hostnames: [a.example.org]}]
      imagePullSecrets: [{name: registry}]
      securityContext: {fsGroup: 5, fsGroupChangePolicy: OnRootMismatch, sysctls: [{name: net.ipv4.ip_local_port_range, value: "1 2"}], supplementalGroups: [4]}
      readinessGates: [{conditionType: example.org/ready}]
      containers: [{name: c, image: "example.org/c:1", stdin: true, tty: true, volumeDevices: [{name: raw, devicePath: /dev/a}]}]
      volumes: [{name: raw, persistentVolumeClaim: {claimName: raw}}, {name: host, hostPath: {path: /a, type: Directory}}, {name: d, downwardAPI: {items: [{path: cpu, resourceFieldRef: {containerName: c, resource: limits.cpu, divisor: 1m}}]}}]
`,
  ],
  [
    '/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers',
    `
apiVersion: autoscaling/v1
kind: HorizontalPodAutoscaler
metadata: {name: old}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, minReplicas: 1, maxReplicas: 3, targetCPUUtilizationPercentage: 50}
`,
  ],
  [
    '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers',
    `
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: many}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 1
  maxReplicas: 4
  metrics:
  - {type: Pods, pods: {metric: {name: rps}, target: {type: AverageValue, averageValue: "10"}}}
  - {type: Object, object: {describedObject: {kind: Service, name: web, apiVersion: v1}, metric: {name: rps, selector: {matchLabels: {a: b}}}, target: {type: Value, value: 100m}}}
  - {type: External, external: {metric: {name: queue}, target: {type: AverageValue, averageValue: 3}}}
  - {type: ContainerResource, containerResource: {name: memory, container: c, target: {type: Utilization, averageUtilization: 4}}}
  behavior: {scaleDown: {stabilizationWindowSeconds: 5, policies: [{type: Percent, value: 10, periodSeconds: 15}]}, scaleUp: {selectPolicy: Max}}
`,
  ],
  [
    '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
    `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: judge}
webhooks:
- name: judge.example.org
  sideEffects: None
  admissionReviewVersions: [v1]
  clientConfig: {service: {name: judge, namespace: default, path: /a}}
  rules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]
  matchConditions: [{name: named, expression: "object.metadata.name != 'x'"}]
  timeoutSeconds: 3
`,
  ],
  [
    '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations',
    `
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: change}
webhooks:
- name: change.example.org
  sideEffects: NoneOnDryRun
  admissionReviewVersions: [v1, v1beta1]
  clientConfig: {url: "https://example.org/a"}
  rules: [{apiGroups: [""], apiVersions: [v1], operations: ["*"], resources: [pods, pods/status], scope: Namespaced}]
  namespaceSelector: {matchLabels: {a: b}}
  reinvocationPolicy: IfNeeded
  failurePolicy: Ignore
`,
  ],
  [
    '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies',
    `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: few}
spec:
  failurePolicy: Fail
  paramKind: {apiVersion: v1, kind: ConfigMap}
  matchConstraints: {resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]}
  variables: [{name: count, expression: object.spec.replicas}]
  validations: [{expression: object.spec.replicas < 5, message: too many, reason: Invalid}]
  auditAnnotations: [{key: count, valueExpression: "'a'"}]
`,
  ],
  [
    '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings',
    `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: few}
spec: {policyName: few, validationActions: [Deny], paramRef: {name: p, parameterNotFoundAction: Deny}, matchResources: {namespaceSelector: {matchLabels: {a: b}}}}
`,
  ],
  [
    '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
    `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
# The finalizer is set when a definition is made here, when it is deleted there.
metadata: {name: crontabs.example.org, finalizers: [customresourcecleanup.apiextensions.k8s.io]}
spec:
  group: example.org
  scope: Namespaced
  names: {plural: crontabs, singular: crontab, kind: CronTab, shortNames: [ct], categories: [all]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}, scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}}
    additionalPrinterColumns: [{name: Spec, type: string, jsonPath: .spec.cronSpec, priority: 1}]
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            required: [cronSpec]
            properties:
              cronSpec: {type: string, pattern: '^(\\d+|\\*)(/\\d+)?$', maxLength: 20}
              replicas: {type: integer, minimum: 1, maximum: 10, default: 1}
              names: {type: array, items: {type: string}, x-kubernetes-list-type: set, maxItems: 5}
            x-kubernetes-validations: [{rule: "self.replicas < 9", message: too many}]
          status: {type: object, x-kubernetes-preserve-unknown-fields: true}
`,
  ],
  [
    '/apis/apiregistration.k8s.io/v1/apiservices',
    `
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1.far.example.org}
spec: {group: far.example.org, version: v1, groupPriorityMinimum: 1000, versionPriority: 10, insecureSkipTLSVerify: true, service: {name: far, namespace: default, port: 443}}
`,
  ],
  [
    '/api/v1/nodes',
    `
apiVersion: v1
kind: Node
metadata: {name: worker}
spec: {podCIDR: 10.2.0.0/24, podCIDRs: [10.2.0.0/24], taints: [{key: a, effect: NoSchedule}], unschedulable: true, providerID: "x://a"}
status: {capacity: {cpu: "4", memory: 1Gi}, conditions: [{type: Ready, status: "True"}]}
`,
  ],
  [
    '/apis/storage.k8s.io/v1/csinodes',
    `
apiVersion: storage.k8s.io/v1
kind: CSINode
metadata: {name: worker}
spec: {drivers: [{name: csi.example.org, nodeID: a, topologyKeys: [zone], allocatable: {count: 5}}]}
`,
  ],
  [
    '/apis/storage.k8s.io/v1/volumeattachments',
    `
apiVersion: storage.k8s.io/v1
kind: VolumeAttachment
metadata: {name: hooked}
spec: {attacher: csi.example.org, nodeName: worker, source: {persistentVolumeName: disk}}
`,
  ],
  [
    '/apis/storage.k8s.io/v1/namespaces/default/csistoragecapacities',
    `
apiVersion: storage.k8s.io/v1
kind: CSIStorageCapacity
metadata: {name: room}
storageClassName: slow
capacity: 1Gi
maximumVolumeSize: 10Mi
nodeTopology: {matchLabels: {zone: a}}
`,
  ],
  [
    '/apis/storage.k8s.io/v1/volumeattributesclasses',
    `
apiVersion: storage.k8s.io/v1
kind: VolumeAttributesClass
metadata: {name: gold}
driverName: csi.example.org
parameters: {iops: "100"}
`,
  ],
  [
    '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas',
    `
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: {name: quiet}
spec:
  priorityLevelConfiguration: {name: workload-low}
  matchingPrecedence: 500
  distinguisherMethod: {type: ByUser}
  rules:
  - subjects: [{kind: ServiceAccount, serviceAccount: {name: a, namespace: b}}, {kind: Group, group: {name: g}}]
    resourceRules: [{verbs: [get], apiGroups: [""], resources: [pods], namespaces: ["*"]}]
    nonResourceRules: [{verbs: [get], nonResourceURLs: [/healthz]}]
`,
  ],
  [
    '/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations',
    `
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata: {name: queue}
spec: {type: Limited, limited: {lendablePercent: 10, borrowingLimitPercent: 5, limitResponse: {type: Queue, queuing: {queues: 8, handSize: 4, queueLengthLimit: 10}}}}
`,
  ],
  [
    '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings',
    `
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: readers}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}
subjects: [{kind: Group, name: g, apiGroup: rbac.authorization.k8s.io}]
`,
  ],
  [
    '/apis/rbac.authorization.k8s.io/v1/clusterroles',
    `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: sums}
aggregationRule: {clusterRoleSelectors: [{matchLabels: {sum: "yes"}}]}
rules: [{nonResourceURLs: [/metrics], verbs: [get]}]
`,
  ],
  ...REST_PARITY_DOCUMENTS,
];
