import type { Answer, Text } from '../../base/index.ts';
import { explainScheduling, snapshotOf, type SnapshotObjects } from '../../cluster/index.ts';
import type { KubeObject } from '../../kernel/index.ts';
import type { Prepared } from './prepared.ts';
import { isReady } from './webhooks.ts';
import { type Backend, fieldsOf, listOf, podFrom, replicasOf } from './workload.ts';

const both = (en: string, zh: string): Text => ({ en, zh });
const NONE = { because: [], nearMisses: [], unmodelled: [] } as const;

/** The scheduler's view of documents. */
export function schedulingSnapshot(prepared: Prepared): ReturnType<typeof snapshotOf> {
  const all = (kind: string): never => prepared.kinds(kind) as never;
  const objects: SnapshotObjects = {
    nodes: all('Node'),
    pods: all('Pod'),
    namespaces: prepared.kinds('Namespace'),
    claims: all('PersistentVolumeClaim'),
    volumes: all('PersistentVolume'),
    storageClasses: all('StorageClass'),
    budgets: all('PodDisruptionBudget'),
  };
  return snapshotOf(objects);
}

/** Where a pod would be placed now, by the decision the scheduler itself takes. */
export function schedulingAnswers(prepared: Prepared, pod: KubeObject): readonly Answer[] {
  return explainScheduling(withSpec(pod) as never, schedulingSnapshot(prepared));
}

const withSpec = (pod: KubeObject): KubeObject =>
  ({ ...pod, spec: { containers: [], ...fieldsOf(pod.spec) } }) as KubeObject;

/** Has some pod of this end a node, or would it get one? Documents without nodes do not ask. */
export function schedulingHop(prepared: Prepared, backend: Backend): Answer | undefined {
  const pods = prepared.podsOf(backend);
  const bound = pods.find(pod => fieldsOf(pod.spec).nodeName !== undefined);
  if (bound) return schedulingAnswers(prepared, bound)[0];
  if (prepared.kinds('Node').length === 0) {
    const by = { default: both('No node is described here: any is taken to fit', '此处没有节点信息:假定任一节点合适') };
    return { ...NONE, outcome: 'allow', layer: 'cluster', enforcer: 'default-scheduler', by };
  }
  const pod = pods[0] ?? (backend.object && podFrom(backend.object));
  return pod && schedulingAnswers(prepared, pod)[0];
}

/** Is somebody there to answer? Replicas of nought and pods that are not ready are told; what never ran is not asked. */
export function runtimeHop(prepared: Prepared, backend: Backend, port: number): Answer {
  const base = { layer: 'compute', enforcer: 'runtime' } as const;
  const { object } = backend;
  if (object && replicasOf(object) === 0) {
    const none = both('The workload asks for no pods', '该工作负载的副本数为 0');
    return {
      ...base,
      ...NONE,
      outcome: 'deny',
      by: prepared.ruleOf(object, 'spec.replicas', '/spec/replicas'),
      because: [none],
      flip: {
        object: prepared.ruleOf(object),
        path: '/spec/replicas',
        action: 'set',
        value: 1,
        text: both(
          `In ${object.kind} ${backend.namespace}/${backend.name}: set /spec/replicas 1`,
          `在 ${object.kind} ${backend.namespace}/${backend.name} 中:设置 /spec/replicas 1`,
        ),
      },
    };
  }
  const pods = prepared.podsOf(backend).filter(pod => pod.status !== undefined);
  if (pods.length > 0) {
    const ready = pods.filter(isReady);
    const told = both(
      `${ready.length} of ${pods.length} pods are ready`,
      `${pods.length} 个 Pod 中有 ${ready.length} 个就绪`,
    );
    const shown = ready[0] ?? pods[0]!;
    return {
      ...base,
      ...NONE,
      outcome: ready.length > 0 ? 'allow' : 'deny',
      by: prepared.ruleOf(shown),
      because: [told, ...waitingOf(shown)],
    };
  }
  const declares = backend.ports.length === 0 || backend.ports.some(entry => entry.port === port);
  const by = {
    default: both(
      'No pod runs here: that something listens is taken as given',
      '此处没有运行中的 Pod:假定端口有进程监听',
    ),
  };
  const silent = both(`No container says that it listens on ${port}`, `没有容器声明监听 ${port}`);
  return { ...base, ...NONE, outcome: 'allow', by, because: declares ? [] : [silent] };
}

/** Why the containers of a pod are not running, in the words of its status. */
export function waitingOf(pod: KubeObject): readonly Text[] {
  const status = fieldsOf(pod.status);
  return [...listOf(status.initContainerStatuses), ...listOf(status.containerStatuses)].flatMap(entry => {
    const { name, state, ready } = fieldsOf(entry);
    const { waiting, terminated } = fieldsOf(state);
    const { reason, message } = fieldsOf(waiting ?? terminated);
    if (reason === undefined || ready === true) return [];
    const detail = typeof message === 'string' ? `: ${message}` : '';
    return [
      both(`Container ${String(name)}: ${String(reason)}${detail}`, `容器 ${String(name)}:${String(reason)}${detail}`),
    ];
  });
}
