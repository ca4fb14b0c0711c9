import type { Clock, Random } from '../../base/index.ts';
import type { Client, KubeObject, kinds } from '../../kernel/index.ts';
import { EVENTS } from './refs.ts';

/** Longest message the API takes. */
const MESSAGE_MAX = 1024;
const REMEMBERED_MAX = 2_000;
const QUEUE_MAX = 5_000;

export interface EventSubject {
  readonly pod: kinds.Pod;
  readonly container?: string;
  readonly init?: boolean;
}

export interface EventSink extends AsyncDisposable {
  pod(subject: EventSubject, type: 'Normal' | 'Warning', reason: string, message: string): void;
  node(name: string, uid: string, type: 'Normal' | 'Warning', reason: string, message: string): void;
}

interface Known {
  readonly name: string;
  readonly namespace: string;
  count: number;
}

/** Writes kubelet's Events one after another; repeats of one text raise a count. */
export function eventSink(options: {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly nodeName: string;
  readonly report: (error: unknown) => void;
}): EventSink {
  const known = new Map<string, Known>();
  const { client, clock, nodeName, report } = options;
  let queue: Promise<void> = Promise.resolve();
  let waiting = 0;
  const time = (): string => new Date(clock.now()).toISOString().replace(/\.\d{3}Z$/, 'Z');

  const write = async (
    involved: Record<string, unknown>,
    namespace: string,
    type: string,
    reason: string,
    text: string,
  ): Promise<void> => {
    const message = text.slice(0, MESSAGE_MAX);
    const key = JSON.stringify([involved, type, reason, message]);
    const earlier = known.get(key);
    const now = time();
    if (earlier) {
      earlier.count++;
      const patch = { count: earlier.count, lastTimestamp: now };
      await client.patch(EVENTS, { namespace, name: earlier.name }, { type: 'merge', patch });
      return;
    }
    const name = `${String(involved.name)}.${Buffer.from(options.random.bytes(8)).toString('hex')}`;
    const event: KubeObject = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace },
      involvedObject: involved,
      reason,
      message,
      source: { component: 'kubelet', host: nodeName },
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
      type,
      reportingComponent: 'kubelet',
      reportingInstance: nodeName,
    };
    await client.create(EVENTS, event, { namespace });
    if (known.size >= REMEMBERED_MAX) known.delete(known.keys().next().value as string);
    known.set(key, { name, namespace, count: 1 });
  };

  const enqueue = (...args: Parameters<typeof write>): void => {
    if (waiting >= QUEUE_MAX) return;
    waiting++;
    queue = queue
      .then(() => write(...args))
      .catch(report)
      .finally(() => waiting--);
  };

  return {
    pod: ({ pod, container, init }, type, reason, message) => {
      const { namespace = 'default', name, uid, resourceVersion } = pod.metadata;
      const fieldPath =
        container === undefined ? undefined : `spec.${init ? 'initContainers' : 'containers'}{${container}}`;
      const involved = {
        kind: 'Pod',
        apiVersion: 'v1',
        namespace,
        name,
        uid,
        resourceVersion,
        ...(fieldPath ? { fieldPath } : {}),
      };
      // The version would make every repeat another event.
      const { resourceVersion: _version, ...stable } = involved;
      enqueue(stable, namespace, type, reason, message);
    },
    node: (name, uid, type, reason, message) => enqueue({ kind: 'Node', name, uid }, 'default', type, reason, message),
    [Symbol.asyncDispose]: () => queue,
  };
}
