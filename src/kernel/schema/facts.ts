/** Facts of discovery that OpenAPI does not carry, by `plural.group` (kubectl api-resources, API reference). */
export interface ResourceFacts {
  readonly short?: readonly string[];
  readonly all?: true;
  /** Version kept in the store where it is not the most stable one. */
  readonly storage?: string;
  readonly selectable?: readonly string[];
}

const FACTS: Readonly<Record<string, ResourceFacts>> = {
  'componentstatuses.': { short: ['cs'] },
  'configmaps.': { short: ['cm'] },
  'endpoints.': { short: ['ep'] },
  'events.': {
    short: ['ev'],
    selectable: [
      'involvedObject.kind',
      'involvedObject.namespace',
      'involvedObject.name',
      'involvedObject.uid',
      'involvedObject.apiVersion',
      'involvedObject.resourceVersion',
      'involvedObject.fieldPath',
      'reason',
      'reportingComponent',
      'source',
      'type',
    ],
  },
  'limitranges.': { short: ['limits'] },
  'namespaces.': { short: ['ns'], selectable: ['status.phase'] },
  'nodes.': { short: ['no'], selectable: ['spec.unschedulable'] },
  'persistentvolumeclaims.': { short: ['pvc'] },
  'persistentvolumes.': { short: ['pv'] },
  'pods.': {
    short: ['po'],
    all: true,
    selectable: [
      'spec.nodeName',
      'spec.restartPolicy',
      'spec.schedulerName',
      'spec.serviceAccountName',
      'spec.hostNetwork',
      'status.phase',
      'status.podIP',
      'status.podIPs',
      'status.nominatedNodeName',
    ],
  },
  'replicationcontrollers.': { short: ['rc'], all: true, selectable: ['status.replicas'] },
  'resourcequotas.': { short: ['quota'] },
  'secrets.': { selectable: ['type'] },
  'serviceaccounts.': { short: ['sa'] },
  'services.': { short: ['svc'], all: true, selectable: ['spec.clusterIP', 'spec.type'] },
  'customresourcedefinitions.apiextensions.k8s.io': { short: ['crd', 'crds'] },
  'mutatingadmissionpolicies.admissionregistration.k8s.io': { storage: 'v1beta1' },
  'daemonsets.apps': { short: ['ds'], all: true },
  'deployments.apps': { short: ['deploy'], all: true },
  'replicasets.apps': { short: ['rs'], all: true },
  'statefulsets.apps': { short: ['sts'], all: true },
  'horizontalpodautoscalers.autoscaling': { short: ['hpa'], all: true, storage: 'v2' },
  'cronjobs.batch': { short: ['cj'], all: true },
  'jobs.batch': { all: true, selectable: ['status.successful'] },
  'certificatesigningrequests.certificates.k8s.io': { short: ['csr'], selectable: ['spec.signerName'] },
  'clustertrustbundles.certificates.k8s.io': { selectable: ['spec.signerName'] },
  'podcertificaterequests.certificates.k8s.io': { selectable: ['spec.signerName', 'spec.podName', 'spec.nodeName'] },
  'events.events.k8s.io': {
    short: ['ev'],
    selectable: [
      'regarding.kind',
      'regarding.namespace',
      'regarding.name',
      'regarding.uid',
      'regarding.apiVersion',
      'regarding.resourceVersion',
      'regarding.fieldPath',
      'reason',
      'reportingController',
      'type',
    ],
  },
  'ingresses.networking.k8s.io': { short: ['ing'] },
  'networkpolicies.networking.k8s.io': { short: ['netpol'] },
  'ipaddresses.networking.k8s.io': { short: ['ip'] },
  'poddisruptionbudgets.policy': { short: ['pdb'] },
  'priorityclasses.scheduling.k8s.io': { short: ['pc'] },
  'storageclasses.storage.k8s.io': { short: ['sc'] },
  'volumeattributesclasses.storage.k8s.io': { short: ['vac'] },
  'resourceslices.resource.k8s.io': { selectable: ['spec.nodeName', 'spec.driver'] },
};

/** What is known of a collection beside its OpenAPI description. */
export function factsOf(resource: string, group: string): ResourceFacts {
  const key = `${resource}.${group}`;
  return Object.hasOwn(FACTS, key) ? FACTS[key]! : {};
}
