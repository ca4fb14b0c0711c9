import type { Answer, Text } from '../../base/index.ts';
import type { KubeObject } from '../../kernel/index.ts';
import { explain as explainFlow } from '../../network/index.ts';
import { explainFaults } from '../faults.ts';
import type { Journey, Place } from '../model.ts';
import { admissionHop } from './admission-edits.ts';
import { withFidelity } from './fidelity.ts';
import { tunnelHop } from './mesh.ts';
import { findBackend, nobody, partyOf } from './parties.ts';
import { schedulingAnswers, waitingOf } from './placement.ts';
import type { Prepared } from './prepared.ts';
import { isReady } from './webhooks.ts';
import { unseenHops } from './unread.ts';
import { outcomeOf } from './why.ts';
import { type Backend, fieldsOf, listOf, podFrom, podSpecOf } from './workload.ts';

const both = (en: string, zh: string): Text => ({ en, zh });
const NONE = { because: [], nearMisses: [], unmodelled: [] } as const;

/** What somebody saw of a pod and asks the reason of. */
export const SYMPTOMS = ['pending', 'denied', 'not-ready', 'evicted'] as const;
export type Symptom = (typeof SYMPTOMS)[number];

/** The link-local address that probes of a tunnelling mesh come from. */
const PROBE_SOURCE = '169.254.7.127';

function podOf(prepared: Prepared, place: Place): { backend: Backend; pod: KubeObject } {
  const backend = findBackend(prepared, place);
  if (!backend?.object) return nobody(prepared, place);
  const pods = prepared.podsOf(backend);
  const pod = pods.find(each => !isReady(each)) ?? pods[0] ?? podFrom(backend.object);
  if (!pod) return nobody(prepared, place);
  return { backend, pod };
}

/** Claims that a pod waits for. */
function claimHops(prepared: Prepared, pod: KubeObject): Answer[] {
  const namespace = pod.metadata.namespace ?? 'default';
  return listOf(fieldsOf(pod.spec).volumes).flatMap((volume): Answer[] => {
    const { claimName } = fieldsOf(fieldsOf(volume).persistentVolumeClaim);
    if (typeof claimName !== 'string') return [];
    const base = { layer: 'cluster', enforcer: 'volumes', ...NONE } as const;
    const claim = prepared.find('PersistentVolumeClaim', namespace, claimName);
    if (!claim) {
      const absent = both(`The claim ${claimName} is not here`, `存储声明 ${claimName} 不存在`);
      return [{ ...base, outcome: prepared.documents.live ? 'deny' : 'unknown', by: { default: absent } }];
    }
    const { phase } = fieldsOf(claim.status);
    const state = both(
      `The claim is ${String(phase ?? 'not bound yet')}`,
      `存储声明状态:${String(phase ?? '尚未绑定')}`,
    );
    const bound = phase === 'Bound' || (phase === undefined && !prepared.documents.live);
    return [{ ...base, outcome: bound ? 'allow' : 'deny', by: prepared.ruleOf(claim), because: [state] }];
  });
}

const conditionOf = (pod: KubeObject, type: string): Readonly<Record<string, unknown>> =>
  fieldsOf(listOf(fieldsOf(pod.status).conditions).find(entry => fieldsOf(entry).type === type));

function statusHop(prepared: Prepared, pod: KubeObject, symptom: Symptom): Answer {
  const base = { layer: 'compute', enforcer: 'runtime', ...NONE } as const;
  const { phase, reason, message } = fieldsOf(pod.status);
  if (pod.status === undefined) {
    const by = { default: both('No pod runs here: its state is not known', '此处没有运行中的 Pod:其状态未知') };
    return { ...base, outcome: 'allow', by };
  }
  const evicted = reason === 'Evicted' || conditionOf(pod, 'DisruptionTarget').status === 'True';
  const bad = symptom === 'evicted' ? evicted : symptom === 'pending' ? phase === 'Pending' : !isReady(pod);
  const condition = conditionOf(pod, symptom === 'evicted' ? 'DisruptionTarget' : 'Ready');
  const words = [`phase ${String(phase)}`, reason, message, condition.reason, condition.message]
    .filter(text => typeof text === 'string' && text !== '')
    .join('; ');
  const because = [both(words, words), ...waitingOf(pod)];
  return { ...base, outcome: bad ? 'deny' : 'allow', by: prepared.ruleOf(pod, 'status'), because };
}

/** Ports that probes ask at. */
function probePorts(pod: KubeObject): { container: string; probe: string; port: number }[] {
  return listOf(podSpecOf(pod)?.containers).flatMap(entry => {
    const container = fieldsOf(entry);
    const named = listOf(container.ports).map(fieldsOf);
    return ['startupProbe', 'readinessProbe', 'livenessProbe'].flatMap(probe => {
      const { httpGet, tcpSocket, grpc } = fieldsOf(container[probe]);
      const wanted = fieldsOf(httpGet ?? tcpSocket ?? grpc).port;
      const port = typeof wanted === 'string' ? named.find(({ name }) => name === wanted)?.containerPort : wanted;
      return typeof port === 'number' ? [{ container: String(container.name), probe, port }] : [];
    });
  });
}

/** Probes come from the node, which policies let through; in a tunnelling mesh they come from a link-local address instead. */
function probeHops(prepared: Prepared, backend: Backend, pod: KubeObject): Answer[] {
  const [probe] = probePorts(pod);
  if (!probe) return [];
  const base = { layer: 'network', enforcer: 'probe', direction: 'ingress' } as const;
  const told = both(
    `${probe.probe} of ${probe.container} asks port ${probe.port}`,
    `${probe.container} 的 ${probe.probe} 访问端口 ${probe.port}`,
  );
  const tunnel = tunnelHop(prepared, backend, backend);
  const node = both('Probes come from the node, which network policy lets through', '探针来自节点,网络策略放行');
  if (!tunnel) return [{ ...base, ...NONE, outcome: 'allow', by: { default: node }, because: [told] }];
  const flow = {
    source: { kind: 'address', address: PROBE_SOURCE },
    destination: partyOf(backend),
    protocol: 'TCP',
    port: probe.port,
  } as const;
  const stops = explainFlow(flow, prepared.snapshot).find(answer => answer.outcome !== 'allow');
  if (!stops) return [{ ...base, ...NONE, outcome: 'allow', by: { default: node }, because: [told] }];
  const snat = both(
    `In this mesh probes arrive from ${PROBE_SOURCE}, which the policies do not allow`,
    `在该网格中探针来自 ${PROBE_SOURCE},而策略未放行该地址`,
  );
  const { direction: _, flip: __, ...rest } = stops;
  return [
    { ...rest, ...base, outcome: 'unknown', because: [told, snat, ...stops.because], unmodelled: tunnel.unmodelled },
  ];
}

/** What keeps a controller from making its pods. */
function failureHops(prepared: Prepared, backend: Backend): Answer[] {
  const { object } = backend;
  if (!object || object.kind === 'Pod') return [];
  const owned = [
    object,
    ...prepared
      .kinds('ReplicaSet')
      .filter(set => set.metadata.ownerReferences?.some(owner => owner.name === object.metadata.name)),
  ];
  return owned.flatMap(each => {
    const failure = conditionOf(each, 'ReplicaFailure');
    if (failure.status !== 'True') return [];
    const words = `${String(failure.reason ?? '')}: ${String(failure.message ?? '')}`;
    const by = prepared.ruleOf(each, 'status.conditions');
    return [
      {
        ...NONE,
        outcome: 'deny',
        layer: 'cluster',
        enforcer: 'controller',
        by,
        because: [both(words, words)],
      } as Answer,
    ];
  });
}

/** Why a pod is as somebody saw it; a workload's name stands for its pods. */
export function whyPod(prepared: Prepared, place: Place, symptom: Symptom): Journey {
  const { backend, pod } = podOf(prepared, place);
  const admission = (): Answer[] => [...failureHops(prepared, backend), admissionHop(prepared, backend.object ?? pod)];
  const nodes = prepared.kinds('Node').length > 0 || fieldsOf(pod.spec).nodeName !== undefined;
  const noNodes = both(
    'No node is described here: where it would go is not known',
    '此处没有节点信息:无法判断调度结果',
  );
  const scheduling = (): readonly Answer[] =>
    nodes
      ? schedulingAnswers(prepared, pod)
      : [{ ...NONE, outcome: 'unknown', layer: 'cluster', enforcer: 'default-scheduler', by: { default: noNodes } }];
  const { documents } = prepared;
  // What a status says is so, whatever else could not be read.
  const asked: Record<Symptom, () => readonly Answer[]> = {
    denied: () => [...unseenHops(documents, 'pods'), ...admission()],
    pending: () => [
      ...unseenHops(documents, 'placement'),
      ...admission(),
      ...scheduling(),
      ...claimHops(prepared, pod),
      statusHop(prepared, pod, symptom),
    ],
    'not-ready': () => [
      ...admission(),
      ...(nodes ? scheduling() : []),
      ...probeHops(prepared, backend, pod),
      statusHop(prepared, pod, symptom),
      ...unseenHops(documents, 'pods'),
    ],
    evicted: () => [
      statusHop(prepared, pod, symptom),
      ...unseenHops(documents, 'nodes'),
      ...pressureHops(prepared, pod),
    ],
  };
  const hops = asked[symptom]().map(hop => withFidelity(prepared, hop));
  return { outcome: outcomeOf(hops), hops };
}

/** Conditions and taints of the node that make it drive pods out. */
function pressureHops(prepared: Prepared, pod: KubeObject): Answer[] {
  const { nodeName } = fieldsOf(pod.spec);
  const node = prepared.kinds('Node').find(({ metadata }) => metadata.name === nodeName);
  if (!node) return [];
  const pressing = listOf(fieldsOf(node.status).conditions)
    .map(fieldsOf)
    .filter(({ type, status }) => (type === 'Ready' ? status !== 'True' : status === 'True'));
  const taints = listOf(fieldsOf(node.spec).taints)
    .map(fieldsOf)
    .filter(({ effect }) => effect === 'NoExecute');
  const words = [
    ...pressing.map(({ type, status, message }) => `${String(type)}=${String(status)} ${String(message ?? '')}`.trim()),
    ...taints.map(({ key, value }) => `taint ${String(key)}=${String(value ?? '')}:NoExecute`),
  ];
  const because = words.map(text => both(text, text));
  const base = { ...NONE, layer: 'cluster', enforcer: 'node' } as const;
  return [{ ...base, outcome: words.length > 0 ? 'deny' : 'allow', by: prepared.ruleOf(node), because }];
}

/** Reads a symptom. Fault: not one of them. */
export function symptomOf(text: string): Symptom {
  const found = SYMPTOMS.find(symptom => symptom === text);
  if (!found) throw explainFaults.error('bad-symptom', { text, known: SYMPTOMS.join(', ') });
  return found;
}
