import type { JsonObject } from '../object.ts';
import { parseYaml } from '../decode/index.ts';

/** Collection paths below which each document is sent. */
export const PARITY_DOCUMENTS: readonly (readonly [path: string, text: string])[] = [
  [
    '/apis/apps/v1/namespaces/default/deployments',
    `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
  template:
    metadata: {labels: {app: web}}
    spec:
      automountServiceAccountToken: false
      serviceAccountName: default
      terminationGracePeriodSeconds: 0
      hostNetwork: false
      volumes:
      - {name: settings, configMap: {name: settings, items: [{key: a, path: b}]}}
      - {name: scratch, emptyDir: {sizeLimit: 10Mi}}
      - {name: all, projected: {sources: [{secret: {name: key}}, {downwardAPI: {items: [{path: name, fieldRef: {fieldPath: metadata.name}}]}}]}}
      initContainers:
      - {name: side, image: example.org/side:1}
      containers:
      - name: main
        image: example.org/web:1
        ports: [{containerPort: 8080, name: http}]
        env:
        - {name: A, value: ""}
        - {name: B, valueFrom: {secretKeyRef: {name: key, key: b}}}
        - {name: C, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
        envFrom: [{configMapRef: {name: settings}}]
        resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {memory: 0.1Gi}}
        volumeMounts: [{name: settings, mountPath: /etc/settings, readOnly: false}, {name: scratch, mountPath: /tmp, subPath: a}]
        livenessProbe: {httpGet: {path: /healthz, port: http}}
        readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 2}
        lifecycle: {preStop: {exec: {command: [sleep, "1"]}}}
        securityContext: {runAsUser: 1000, capabilities: {drop: [ALL]}, seccompProfile: {type: RuntimeDefault}}
`,
  ],
  [
    '/api/v1/namespaces/default/services',
    `
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}, {name: dns, port: 53, protocol: UDP}]}
`,
  ],
  [
    '/api/v1/namespaces/default/services',
    `
apiVersion: v1
kind: Service
metadata: {name: both}
spec: {ipFamilyPolicy: PreferDualStack, selector: {app: web}, ports: [{port: 80}]}
`,
  ],
  [
    '/apis/apps/v1/namespaces/default/statefulsets',
    `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: example.org/db, volumeMounts: [{name: data, mountPath: /data}]}]}
  volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]
`,
  ],
  [
    '/apis/apps/v1/namespaces/default/daemonsets',
    `
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: each}
spec:
  selector: {matchLabels: {app: each}}
  template:
    metadata: {labels: {app: each}}
    spec: {tolerations: [{operator: Exists}], containers: [{name: one, image: "example.org/one@sha256:${'0'.repeat(64)}"}]}
`,
  ],
  [
    '/apis/batch/v1/namespaces/default/jobs',
    `
apiVersion: batch/v1
kind: Job
metadata: {name: once}
spec: {completions: 2, template: {spec: {restartPolicy: Never, containers: [{name: one, image: example.org/one:1}]}}}
`,
  ],
  [
    '/apis/batch/v1/namespaces/default/cronjobs',
    `
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: "0 3 * * *"
  jobTemplate: {spec: {template: {spec: {restartPolicy: OnFailure, containers: [{name: one, image: example.org/one:1}]}}}}
`,
  ],
  [
    '/apis/networking.k8s.io/v1/namespaces/default/networkpolicies',
    `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress, Egress]
  ingress: [{from: [{podSelector: {}}, {ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}], ports: [{port: 80}]}]
`,
  ],
  [
    '/apis/networking.k8s.io/v1/namespaces/default/ingresses',
    `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec:
  rules:
  - host: shop.example.org
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
`,
  ],
  [
    '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers',
    `
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  maxReplicas: 4
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]
`,
  ],
  [
    '/apis/policy/v1/namespaces/default/poddisruptionbudgets',
    `
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
`,
  ],
  [
    '/api/v1/persistentvolumes',
    `
apiVersion: v1
kind: PersistentVolume
metadata: {name: disk}
spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], hostPath: {path: /data}, storageClassName: slow}
`,
  ],
  [
    '/api/v1/namespaces/default/persistentvolumeclaims',
    `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {storageClassName: slow, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`,
  ],
  [
    '/apis/storage.k8s.io/v1/storageclasses',
    `
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: slow}
provisioner: example.org/disk
`,
  ],
  [
    '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
    `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: readers}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: ServiceAccount, name: default, namespace: default}, {kind: User, name: jane}]
`,
  ],
  [
    '/api/v1/namespaces',
    `
apiVersion: v1
kind: Namespace
metadata: {name: team, labels: {pod-security.kubernetes.io/enforce: baseline}}
`,
  ],
  [
    '/api/v1/namespaces/default/pods',
    `
apiVersion: v1
kind: Pod
metadata: {name: solo, labels: {app: solo}}
spec:
  serviceAccountName: default
  automountServiceAccountToken: false
  activeDeadlineSeconds: 600
  tolerations: [{key: a, operator: Exists, effect: NoSchedule}]
  nodeSelector: {disk: ssd}
  containers: [{name: c, image: "example.org/c:1", resources: {requests: {cpu: 100m}}, env: [{name: A, value: b}]}]
`,
  ],
  [
    '/apis/scheduling.k8s.io/v1/priorityclasses',
    `
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: high}
value: 1000
description: high
`,
  ],
  [
    '/api/v1/namespaces/default/resourcequotas',
    `
apiVersion: v1
kind: ResourceQuota
metadata: {name: q}
spec: {hard: {pods: "1000", requests.cpu: "1000"}}
`,
  ],
  [
    '/api/v1/namespaces/default/limitranges',
    `
apiVersion: v1
kind: LimitRange
metadata: {name: lr}
spec: {limits: [{type: PersistentVolumeClaim, min: {storage: 1Mi}}]}
`,
  ],
  [
    '/apis/coordination.k8s.io/v1/namespaces/default/leases',
    `
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {name: lease}
spec: {holderIdentity: a, leaseDurationSeconds: 15, renewTime: "2026-01-01T00:00:00.000000Z"}
`,
  ],
  [
    '/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles',
    `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: r}
rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
`,
  ],
  [
    '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices',
    `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: es}
addressType: IPv4
endpoints: [{addresses: [10.1.2.3], conditions: {ready: true}}]
ports: [{name: http, port: 80, protocol: TCP}]
`,
  ],
  [
    '/apis/storage.k8s.io/v1/csidrivers',
    `
apiVersion: storage.k8s.io/v1
kind: CSIDriver
metadata: {name: csi.example.org}
spec: {attachRequired: true, volumeLifecycleModes: [Persistent]}
`,
  ],
  [
    '/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations',
    `
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata: {name: lev}
spec: {type: Limited, limited: {nominalConcurrencyShares: 5, limitResponse: {type: Reject}}}
`,
  ],
  [
    '/apis/networking.k8s.io/v1/ingressclasses',
    `
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: ic}
spec: {controller: example.org/ic}
`,
  ],
  [
    '/apis/node.k8s.io/v1/runtimeclasses',
    `
apiVersion: node.k8s.io/v1
kind: RuntimeClass
metadata: {name: rc}
handler: rc
`,
  ],
  [
    '/api/v1/namespaces/default/replicationcontrollers',
    `
apiVersion: v1
kind: ReplicationController
metadata: {name: rc1}
spec: {replicas: 1, selector: {app: rc}, template: {metadata: {labels: {app: rc}}, spec: {containers: [{name: c, image: "x:1"}]}}}
`,
  ],
];

export const readDocument = (text: string): JsonObject => parseYaml(text).value as JsonObject;
