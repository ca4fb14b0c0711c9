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
  [
    '/apis/networking.k8s.io/v1/ipaddresses',
    `
apiVersion: networking.k8s.io/v1
kind: IPAddress
metadata: {name: 10.0.0.77}
spec: {parentRef: {group: "", resource: services, namespace: default, name: web}}
`,
  ],
  [
    '/apis/networking.k8s.io/v1/servicecidrs',
    `
apiVersion: networking.k8s.io/v1
kind: ServiceCIDR
metadata: {name: second}
spec: {cidrs: [10.9.0.0/24]}
`,
  ],
  [
    '/apis/resource.k8s.io/v1/deviceclasses',
    `
apiVersion: resource.k8s.io/v1
kind: DeviceClass
metadata: {name: gpu}
spec: {selectors: [{cel: {expression: "device.driver == 'gpu.example.org'"}}], config: [{opaque: {driver: gpu.example.org, parameters: {a: 1}}}]}
`,
  ],
  [
    '/apis/resource.k8s.io/v1/namespaces/default/resourceclaims',
    `
apiVersion: resource.k8s.io/v1
kind: ResourceClaim
metadata: {name: one}
spec: {devices: {requests: [{name: r, exactly: {deviceClassName: gpu, allocationMode: ExactCount, count: 1}}], constraints: [{requests: [r], matchAttribute: example.org/a}]}}
`,
  ],
  [
    '/apis/resource.k8s.io/v1/namespaces/default/resourceclaimtemplates',
    `
apiVersion: resource.k8s.io/v1
kind: ResourceClaimTemplate
metadata: {name: mold}
spec: {spec: {devices: {requests: [{name: r, firstAvailable: [{name: a, deviceClassName: gpu}]}]}}}
`,
  ],
  [
    '/apis/resource.k8s.io/v1/resourceslices',
    `
apiVersion: resource.k8s.io/v1
kind: ResourceSlice
metadata: {name: slice}
spec: {driver: gpu.example.org, nodeName: worker, pool: {name: p, generation: 1, resourceSliceCount: 1}, devices: [{name: d, attributes: {a: {string: b}, n: {int: 1}}, capacity: {memory: {value: 1Gi}}}]}
`,
  ],
  [
    '/api/v1/namespaces/default/services',
    `
apiVersion: v1
kind: Service
metadata: {name: outside}
spec:
  type: LoadBalancer
  externalTrafficPolicy: Local
  sessionAffinity: ClientIP
  sessionAffinityConfig: {clientIP: {timeoutSeconds: 20}}
  loadBalancerSourceRanges: [10.0.0.0/8]
  externalIPs: [1.2.3.4]
  publishNotReadyAddresses: true
  ports: [{name: a, port: 80, appProtocol: http}]
`,
  ],
  [
    '/api/v1/namespaces/default/services',
    `
apiVersion: v1
kind: Service
metadata: {name: named}
spec: {type: ExternalName, externalName: example.org}
`,
  ],
  [
    '/apis/networking.k8s.io/v1/namespaces/default/ingresses',
    `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: secure}
spec:
  ingressClassName: ic
  defaultBackend: {resource: {apiGroup: example.org, kind: Bucket, name: b}}
  tls: [{hosts: [a.example.org, "*.example.org"], secretName: key}]
  rules: [{host: "*.example.org", http: {paths: [{path: /a, pathType: Exact, backend: {service: {name: web, port: {name: http}}}}]}}]
`,
  ],
  [
    '/apis/batch/v1/namespaces/default/jobs',
    `
apiVersion: batch/v1
kind: Job
metadata: {name: indexed}
spec:
  completions: 3
  parallelism: 2
  completionMode: Indexed
  backoffLimitPerIndex: 1
  maxFailedIndexes: 2
  activeDeadlineSeconds: 50
  ttlSecondsAfterFinished: 10
  suspend: true
  podReplacementPolicy: Failed
  podFailurePolicy: {rules: [{action: FailJob, onExitCodes: {containerName: one, operator: In, values: [1]}}, {action: Ignore, onPodConditions: [{type: DisruptionTarget, status: "True"}]}]}
  successPolicy: {rules: [{succeededIndexes: 0-1, succeededCount: 1}]}
  template: {spec: {restartPolicy: Never, containers: [{name: one, image: "example.org/one:1"}]}}
`,
  ],
  [
    '/apis/networking.k8s.io/v1/namespaces/default/networkpolicies',
    `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: out}
spec:
  podSelector: {}
  egress: [{to: [{namespaceSelector: {matchLabels: {a: b}}, podSelector: {matchExpressions: [{key: a, operator: Exists}]}}], ports: [{protocol: UDP, port: 53}, {port: 80, endPort: 90}, {port: named}]}]
`,
  ],
  [
    '/apis/storage.k8s.io/v1/storageclasses',
    `
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: full}
provisioner: csi.example.org
parameters: {type: ssd}
reclaimPolicy: Retain
volumeBindingMode: WaitForFirstConsumer
allowVolumeExpansion: true
mountOptions: [ro]
allowedTopologies: [{matchLabelExpressions: [{key: zone, values: [a, b]}]}]
`,
  ],
  [
    '/api/v1/persistentvolumes',
    `
apiVersion: v1
kind: PersistentVolume
metadata: {name: csi}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOncePod]
  persistentVolumeReclaimPolicy: Delete
  volumeMode: Block
  mountOptions: [ro]
  claimRef: {namespace: default, name: raw}
  csi: {driver: csi.example.org, volumeHandle: a, fsType: ext4, nodeStageSecretRef: {name: s, namespace: default}}
  nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: zone, operator: In, values: [a]}]}]}}
`,
  ],
  [
    '/api/v1/namespaces/default/limitranges',
    `
apiVersion: v1
kind: LimitRange
metadata: {name: sizes}
spec: {limits: [{type: Container, default: {cpu: 200m}, defaultRequest: {cpu: 100m}, max: {cpu: 1}, min: {cpu: 10m}, maxLimitRequestRatio: {cpu: 5}}]}
`,
  ],
  [
    '/api/v1/namespaces/default/resourcequotas',
    `
apiVersion: v1
kind: ResourceQuota
metadata: {name: scoped}
spec: {hard: {pods: "1000"}, scopes: [NotTerminating], scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: In, values: [high]}]}}
`,
  ],
  [
    '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    `
apiVersion: authorization.k8s.io/v1
kind: SubjectAccessReview
metadata: {}
spec: {user: jane, groups: [g], extra: {a: [b]}, resourceAttributes: {namespace: default, verb: get, resource: pods}}
`,
  ],
  [
    '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    `
apiVersion: authorization.k8s.io/v1
kind: SelfSubjectAccessReview
spec: {nonResourceAttributes: {path: /healthz, verb: get}}
`,
  ],
  [
    '/apis/authorization.k8s.io/v1/namespaces/default/localsubjectaccessreviews',
    `
apiVersion: authorization.k8s.io/v1
kind: LocalSubjectAccessReview
metadata: {namespace: default}
spec: {user: jane, resourceAttributes: {namespace: default, verb: get, resource: pods}}
`,
  ],
  [
    '/apis/authentication.k8s.io/v1/tokenreviews',
    `
apiVersion: authentication.k8s.io/v1
kind: TokenReview
spec: {token: nonsense, audiences: [a]}
`,
  ],
  [
    '/api/v1/namespaces/default/serviceaccounts/default/token',
    `
apiVersion: authentication.k8s.io/v1
kind: TokenRequest
metadata: {}
spec: {audiences: [a], expirationSeconds: 600}
`,
  ],
  [
    '/apis/coordination.k8s.io/v1/namespaces/default/leases',
    `
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {name: full}
spec: {holderIdentity: a, leaseDurationSeconds: 15, leaseTransitions: 3, acquireTime: "2026-01-01T00:00:00.000000Z", renewTime: "2026-01-01T00:00:00.000000Z"}
`,
  ],
  [
    '/api/v1/namespaces/default/pods',
    `
apiVersion: v1
kind: Pod
metadata: {name: rich, generateName: rich-, finalizers: [example.org/a], ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: a, uid: b}]}
spec:
  serviceAccountName: default
  automountServiceAccountToken: false
  shareProcessNamespace: true
  hostname: a
  subdomain: b
  setHostnameAsFQDN: true
  enableServiceLinks: false
  os: {name: linux}
  schedulingGates: [{name: example.org/gate}]
  priority: 0
  preemptionPolicy: PreemptLowerPriority
  resources: {limits: {cpu: 1}}
  initContainers: [{name: i, image: example.org/i, restartPolicy: Always, startupProbe: {exec: {command: [a]}}}]
  ephemeralContainers: []
  containers:
  - name: c
    image: example.org/c:1
    workingDir: /a
    command: [a]
    args: [b]
    terminationMessagePolicy: FallbackToLogsOnError
    imagePullPolicy: Never
    securityContext: {readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, runAsNonRoot: true, appArmorProfile: {type: RuntimeDefault}, seLinuxOptions: {level: s0}}
    livenessProbe: {httpGet: {path: /, port: 80, scheme: HTTPS, httpHeaders: [{name: A, value: b}]}, terminationGracePeriodSeconds: 4}
    ports: [{containerPort: 80, hostPort: 8080, protocol: TCP, hostIP: 1.2.3.4}]
  volumes:
  - {name: nfs, nfs: {server: a, path: /b}}
  - {name: csi, csi: {driver: csi.example.org, volumeAttributes: {a: b}}}
  - {name: eph, ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}}
  - {name: tok, projected: {defaultMode: 256, sources: [{serviceAccountToken: {path: t, expirationSeconds: 700, audience: a}}, {configMap: {name: a, optional: true}}]}}
`,
  ],
];
