/** The words of `spec.world`. */
import type { Span } from '../../../base/index.ts';
import type { Json, KubeObject, Path } from '../../../kernel/index.ts';
import { FaultError } from '../../../base/index.ts';
import { explainFaults, parseTarget } from '../../../explain/index.ts';
import { scenarioFaults } from './faults.ts';
import { deliver, repositories } from './grammar-delivery.ts';
import { amountTrace } from './grammar-traces.ts';
import { webhooks } from './grammar-webhooks.ts';
import type {
  CallModel,
  ClockModel,
  CostModel,
  CpuModel,
  DiskModel,
  ImageModel,
  LatencyModel,
  LinkModel,
  MemoryModel,
  NodeGroup,
  RequestTarget,
  WorkloadModel,
  World,
} from './model.ts';
import {
  amount,
  BAD,
  type Bad,
  choice,
  either,
  into,
  list,
  mapOf,
  may,
  need,
  object,
  or,
  type Reader,
  scalar,
  type Shape,
  text,
  truth,
  whole,
  wrong,
} from './shape.ts';
import {
  bytes,
  bytesPerTime,
  cores,
  coreTime,
  distribution,
  duration,
  durations,
  effect,
  fixedAt,
  glob,
  label,
  labels,
  lasting,
  name,
  offset,
  share,
} from './values.ts';
import { readAmount } from './units.ts';

const NODES_MAX = 10_000;
const NO_TIME = fixedAt(0);

/** Adds where a thing was written. */
export const placed = <T extends object>(shape: Shape<T>): Shape<T & { readonly where: Span }> =>
  into(shape, (value, path, reader) => ({ ...value, where: reader.at(path) }));

const quantity: Shape<string> = scalar(
  { en: 'a quantity such as 4, 500m or 8Gi', zh: '数量,如 4、500m 或 8Gi' },
  value => (readAmount(value) === undefined ? undefined : String(value)),
  { type: ['string', 'number'] },
);

const taint = object('a taint', {
  key: need(glob, 'the key'),
  value: may(label, 'the value'),
  effect: or(effect, 'NoSchedule', 'what it does to pods that do not tolerate it'),
});

const CAPACITY = { cpu: '4', memory: '16Gi', pods: '110' };

const nodes: Shape<NodeGroup> = into(
  placed(
    object('nodes', {
      name: need(name, 'of the node; with a count, of the nodes name-0, name-1 …'),
      count: may(
        whole({ en: `a number from 0 to ${NODES_MAX}`, zh: `0 到 ${NODES_MAX} 的整数` }, 0, NODES_MAX),
        'how many alike',
      ),
      zone: or(name, 'zone-a', 'topology.kubernetes.io/zone'),
      capacity: or(mapOf(quantity, { en: 'a map of quantities', zh: '数量映射' }), {}, 'cpu, memory, pods and others'),
      labels: or(labels, {}, 'labels of the nodes'),
      annotations: or(labels, {}, 'annotations of the nodes'),
      taints: or(list(taint, { en: 'a list of taints', zh: '污点列表' }, 50), [], 'taints of the nodes'),
      unschedulable: or(truth, false, 'cordoned'),
      slowness: or(
        amount({ en: 'a number above 0', zh: '大于 0 的数' }, 0.001, 10_000),
        1,
        'everything takes so many times longer',
      ),
    }),
  ),
  ({ name: base, count, capacity, ...rest }) => ({
    ...rest,
    names: count === undefined ? [base] : Array.from({ length: count }, (_, index) => `${base}-${index}`),
    capacity: { ...CAPACITY, ...capacity },
  }),
);

const images: Shape<ImageModel> = placed(
  object('an image', {
    match: need(glob, 'images of this name; * stands for any text'),
    pull: or(durations, NO_TIME, 'how long a node pulls it that does not have it'),
    missing: or(truth, false, 'no registry has it'),
  }),
);

const match = object('match', {
  namespace: may(glob, 'the namespace'),
  name: may(glob, 'of what owns the pod, or its own'),
  labels: may(labels, 'labels of the pod'),
  image: may(glob, 'an image of one of its containers'),
  node: may(glob, 'the node it is on'),
  zone: may(name, 'the zone it is in'),
});

const amountOf = <T>(says: { en: string; zh: string }, fixed: Shape<T>, shape: Shape<T>): Shape<T> =>
  either(says, fixed, shape);

const coreAmounts = distribution(cores);
const cpu: Shape<CpuModel> = amountOf(
  { en: 'an amount of CPU such as 250m, or {idle, perRequest}', zh: 'CPU 数量,如 250m,或 {idle, perRequest}' },
  into(cores, idle => ({ idle: fixedAt(idle), perRequest: NO_TIME })),
  object('cpu', {
    idle: or(coreAmounts, NO_TIME, 'in use whatever happens'),
    perRequest: or(distribution(coreTime), NO_TIME, 'time of one core that a request takes'),
    trace: may(amountTrace, 'a recording of the cores in use, beside idle'),
  }),
);
const memory: Shape<MemoryModel> = amountOf(
  {
    en: 'an amount of memory such as 64Mi, or {base, perRequest, leak}',
    zh: '内存数量,如 64Mi,或 {base, perRequest, leak}',
  },
  into(bytes, base => ({ base: fixedAt(base), perRequest: 0, leak_per_s: 0 })),
  into(
    object('memory', {
      base: or(distribution(bytes), NO_TIME, 'in use whatever happens'),
      perRequest: or(bytes, 0, 'for every request in flight'),
      leak: or(bytesPerTime, 0, 'grows by this since the start, such as 1Mi/min'),
      trace: may(amountTrace, 'a recording of the bytes in use, beside base'),
    }),
    ({ leak, ...rest }) => ({ ...rest, leak_per_s: leak }),
  ),
);

const queue = into(
  object('latency', {
    concurrency: need(
      whole({ en: 'a number from 1 on', zh: '不小于 1 的整数' }, 1, 1_000_000),
      'requests a pod works on at once',
    ),
    service: need(durations, 'time a request is worked on'),
    queue: may(
      whole({ en: 'a number from 0 on', zh: '不小于 0 的整数' }, 0, 1_000_000_000),
      'requests that may wait; more are refused',
    ),
  }),
  (read): LatencyModel => ({ kind: 'queue', ...read }),
);
/** Any distribution, or the queue: told apart by what only the queue has. */
const latency: Shape<LatencyModel> = {
  ...either(
    { en: 'a duration, a distribution or {concurrency, service}', zh: '时长、分布或 {concurrency, service}' },
    {
      ...queue,
      takes: value =>
        queue.takes(value) &&
        typeof value === 'object' &&
        value !== null &&
        ('concurrency' in value || 'service' in value),
    },
    into(durations, (time): LatencyModel => ({ kind: 'drawn', time })),
  ),
};

/** `shop/catalog:80/items` or `shop.example.test/items`. */
export const target: Shape<RequestTarget> = into(
  text({ en: 'a service such as shop/web:80/path, or a host name', zh: '服务,如 shop/web:80/path,或主机名' }),
  (written, path, reader): RequestTarget | Bad => {
    try {
      const { place, port, path: way = '/' } = parseTarget(written.replace(/^https?:\/\//, ''));
      const rest = { ...(port === undefined ? {} : { port }), path: way };
      if (place.kind === 'dns') return { kind: 'host', host: place.host, ...rest };
      if (place.kind === 'named' && (place.of === undefined || place.of === 'Service'))
        return { kind: 'service', namespace: place.namespace, name: place.name, ...rest };
      return reader.fault(explainFaults.make('bad-place', { text: written }, reader.at(path)));
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
      return reader.fault({ ...error.fault, where: reader.at(path) });
    }
  },
);

export const method = choice('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS');
export const headers = into(labels, read =>
  Object.fromEntries(Object.entries(read).map(([key, value]) => [key.toLowerCase(), value])),
);
const times = whole({ en: 'a number from 0 on', zh: '不小于 0 的整数' }, 0, 1000);

const call: Shape<CallModel> = into(
  placed(
    object('a call', {
      to: need(target, 'whom it asks: namespace/service:port/path'),
      method: or(method, 'GET', 'the method'),
      headers: or(headers, {}, 'headers of the request'),
      count: or(whole({ en: 'a number from 1 to 1000', zh: '1 到 1000 的整数' }, 1, 1000), 1, 'how often'),
      probability: or(share, 1, 'share of the requests that make the call'),
      parallel: or(truth, false, 'beside the calls before it, not after them'),
      timeout: may(lasting, 'given up after this'),
      retries: or(times, 0, 'tried again after a failure'),
      optional: or(truth, false, 'the caller goes on without an answer'),
    }),
  ),
  ({ timeout, ...rest }) => ({ ...rest, ...(timeout === undefined ? {} : { timeout_ms: timeout }) }),
);

const crash = object('crash', {
  after: need(durations, 'from the start of the containers'),
  code: or(whole({ en: 'an exit code from 1 to 255', zh: '1 到 255 的退出码' }, 1, 255), 1, 'the exit code'),
  times: may(whole({ en: 'a number from 1 on', zh: '不小于 1 的整数' }, 1, 1_000_000), 'after so many it stays up'),
  share: may(share, 'share of the starts that end so; all where absent'),
});

const workload: Shape<WorkloadModel> = placed(
  object('a workload', {
    match: need(match, 'the pods it speaks of; {} is all'),
    init: may(durations, 'how long each init container works'),
    startup: may(durations, 'from the start of the containers to ready'),
    ready: may(truth, 'false: never ready'),
    runs: may(durations, 'the containers end with code 0 after this'),
    crash: may(crash, 'the containers end with a failure'),
    shutdown: may(durations, 'from the stop signal to the end'),
    cpu: may(cpu, 'CPU in use'),
    memory: may(memory, 'memory in use; above the limit the pod is killed'),
    latency: may(latency, 'how long a request takes'),
    calls: may(list(call, { en: 'a list of calls', zh: '调用列表' }, 100), 'what a request asks of others'),
    fails: may(share, 'share of the requests answered with an error'),
  }),
);

const LOCAL = { latency: fixedAt(0.2), loss: 0 };
const ACROSS = { latency: fixedAt(1), loss: 0 };

const QUALITY = {
  latency: may(durations, 'one way'),
  jitter: may(duration, 'the standard deviation of a fixed latency'),
  loss: or(share, 0, 'share of the requests that are lost'),
} as const;

type QualityFields = { readonly latency?: LinkModel['latency']; readonly jitter?: number; readonly loss: number };

function qualityOf({ latency: given = NO_TIME, jitter, loss }: QualityFields, path: Path, reader: Reader) {
  if (jitter === undefined) return { latency: given, loss };
  if (given.kind !== 'fixed')
    return wrong(reader.valueAt([...path, 'jitter']), [...path, 'jitter'], reader, {
      en: 'absent where latency is a distribution',
      zh: '在 latency 为分布时省略',
    });
  return { latency: { kind: 'normal' as const, mean: given.value, deviation: jitter }, loss };
}

const quality = into(object('a link', QUALITY), qualityOf);
const link: Shape<LinkModel> = into(
  object('a link', {
    from: need(name, 'a zone, control or internet'),
    to: need(name, 'a zone, control or internet'),
    ...QUALITY,
    oneWay: or(truth, false, 'not the way back'),
  }),
  ({ from, to, oneWay, ...fields }, path, reader) => {
    const read = qualityOf(fields, path, reader);
    return read === BAD ? BAD : { from, to, oneWay, ...read, where: reader.at(path) };
  },
);

const network = object('network', {
  within: or(quality, LOCAL, 'inside one zone'),
  between: or(quality, ACROSS, 'between zones no link speaks of'),
  links: or(list(link, { en: 'a list of links', zh: '链路列表' }, 10_000), [], 'between two places'),
});

const disk: Shape<DiskModel> = placed(
  object('a disk', {
    node: need(name, 'whose disk: a node, or control for the store'),
    size: may(bytes, 'what fits on it'),
    sync: or(durations, NO_TIME, 'what a sync takes'),
  }),
);
const clock: Shape<ClockModel> = into(
  placed(
    object('a clock', {
      node: need(name, 'whose clock: a node, or control'),
      skew: or(offset, 0, 'how far it is ahead; with a minus, behind'),
      drift: or(
        amount({ en: 'parts per million', zh: '百万分率' }, -500_000, 500_000),
        0,
        'parts per million it runs fast',
      ),
    }),
  ),
  ({ skew, drift, ...rest }) => ({ ...rest, skew_ms: skew, drift_ppm: drift }),
);

const money = amount({ en: 'an amount of money from 0 on', zh: '不小于 0 的金额' }, 0, 1e12);
const cost: Shape<CostModel> = object('cost', {
  nodeHour: or(money, 0, 'of every node an hour'),
  nodes: or(
    list(
      object('a node price', { labels: need(labels, 'of the node'), hour: need(money, 'an hour') }),
      { en: 'a list of prices', zh: '价格列表' },
      1000,
    ),
    [],
    'nodes of other prices, by their labels; the first counts',
  ),
  cpuHour: or(money, 0, 'of every core that pods request, an hour'),
  gibHour: or(money, 0, 'of every GiB of memory that pods request, an hour'),
});

const stage: Shape<readonly KubeObject[]> = into(
  text({ en: 'the path of kwok Stage documents', zh: 'kwok Stage 文档的路径' }),
  (file, path, reader) => {
    try {
      const found = reader.files.manifests(file, reader.at(path));
      const stages = found.filter(
        ({ object: { kind, apiVersion } }) => kind === 'Stage' && apiVersion.startsWith('kwok.x-k8s.io/'),
      );
      if (stages.length > 0) return stages.map(({ object: document }) => document);
      return wrong(file as Json, path, reader, {
        en: 'a file with kwok Stage documents',
        zh: '含有 kwok Stage 文档的文件',
      });
    } catch (error) {
      if (error instanceof FaultError) return reader.fault(error.fault);
      throw error;
    }
  },
);

const many = <T>(shape: Shape<T>, en: string, zh: string): Shape<readonly T[]> =>
  list(shape, { en: `a list of ${en}`, zh: `${zh}列表` });

function checkNames({ nodes: groups }: Pick<World, 'nodes'>, path: Path, reader: Reader): boolean {
  const seen = new Set<string>();
  let good = true;
  groups.forEach((group, index) => {
    for (const node of group.names) {
      if (!seen.has(node)) {
        seen.add(node);
        continue;
      }
      const of = { en: 'nodes', zh: '节点' };
      reader.fault(scenarioFaults.make('name-twice', { of, name: node }, reader.at([...path, 'nodes', index])));
      good = false;
    }
  });
  if (seen.size > NODES_MAX) {
    wrong(seen.size, [...path, 'nodes'], reader, { en: `up to ${NODES_MAX} nodes`, zh: `至多 ${NODES_MAX} 个节点` });
    good = false;
  }
  return good;
}

const DEFAULT_NODES: readonly NodeGroup[] = [
  {
    names: ['node-0', 'node-1', 'node-2'],
    zone: 'zone-a',
    capacity: CAPACITY,
    labels: {},
    annotations: {},
    taints: [],
    unschedulable: false,
    slowness: 1,
    where: { file: '', line: 1, column: 1 },
  },
];

const worldFields = object('world', {
  nodes: or(many(nodes, 'nodes', '节点'), DEFAULT_NODES, 'the nodes; three of 4 cores and 16Gi where absent'),
  images: or(many(images, 'images', '镜像'), [], 'how long images take to pull'),
  workloads: or(many(workload, 'workloads', '工作负载'), [], 'how pods behave; later ones go before earlier ones'),
  network: or(network, { within: LOCAL, between: ACROSS, links: [] }, 'latency and loss between places'),
  disks: or(many(disk, 'disks', '磁盘'), [], 'disks of nodes and of the store'),
  clocks: or(many(clock, 'clocks', '时钟'), [], 'clocks that are wrong'),
  cost: or(cost, { nodeHour: 0, nodes: [], cpuHour: 0, gibHour: 0 }, 'what things cost'),
  metrics: or(
    object('metrics', { every: or(lasting, 15_000, 'how often') }),
    { every: 15_000 },
    'how often resource metrics are collected',
  ),
  repositories: or(repositories, [], 'git repositories outside of the cluster'),
  deliver: or(deliver, [], 'sources that are delivered, as tenon up takes them'),
  webhooks: or(webhooks, [], 'what admission webhooks answer'),
  stages: or(many(stage, 'files', '文件'), [], 'kwok Stage documents: how pods and nodes go on'),
});

export const world: Shape<World> = into(worldFields, ({ metrics, stages, ...rest }, path, reader) =>
  checkNames(rest, path, reader) ? { ...rest, stages: stages.flat(), scrape_ms: metrics.every } : BAD,
);

/** What a scenario without `world` runs in. */
export const defaultWorld = (): World => ({
  nodes: DEFAULT_NODES,
  images: [],
  workloads: [],
  network: { within: LOCAL, between: ACROSS, links: [] },
  disks: [],
  clocks: [],
  cost: { nodeHour: 0, nodes: [], cpuHour: 0, gibHour: 0 },
  scrape_ms: 15_000,
  repositories: [],
  deliver: [],
  webhooks: [],
  stages: [],
});
