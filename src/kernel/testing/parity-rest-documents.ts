/** The rest of {@link MORE_PARITY_DOCUMENTS}: devices, addresses, reviews, and kinds said with every field. */
export const REST_PARITY_DOCUMENTS: readonly (readonly [path: string, text: string])[] = [
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
