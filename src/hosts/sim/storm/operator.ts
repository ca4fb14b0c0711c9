/** The hand that carries out deeds, and tries again where the API does not answer: a person with a command line. */
import { sleep } from '../../../base/index.ts';
import { type Client, isNotFound, type KubeObject, type ResourceRef, StatusError } from '../../../kernel/index.ts';
import type { ProcessParts } from '../model.ts';
import { pathOf, type PodObject } from './pods.ts';
import * as refs from './refs.ts';
import type { Deed } from './steps.ts';
import { type Document, Draw, job, NAMESPACE } from './workload.ts';

const TRIES = 12;
const AGAIN_MS = 1_500;

const SETS: Readonly<Record<string, ResourceRef>> = {
  db: refs.STATEFUL_SETS,
  flock: refs.STATEFUL_SETS,
  agent: refs.DAEMON_SETS,
};
const refOf = (target: string): ResourceRef => SETS[target] ?? refs.DEPLOYMENTS;
const at = (name: string): { namespace: string; name: string } => ({ namespace: NAMESPACE, name });

export class Operator {
  readonly #parts: Pick<ProcessParts, 'client' | 'clock' | 'random'>;
  readonly #draw: Draw;

  constructor(parts: Pick<ProcessParts, 'client' | 'clock' | 'random'>) {
    this.#parts = parts;
    this.#draw = new Draw(parts.random);
  }

  /** Creates what is not there yet. */
  async apply(documents: readonly Document[]): Promise<void> {
    for (const { ref, object } of documents) await this.#create(ref, object);
  }

  async carryOut(deed: Deed): Promise<void> {
    const { target, value } = deed;
    switch (deed.do) {
      case 'roll':
        return this.setImage(target, value);
      case 'scale':
        return this.#patch(refOf(target), target, { spec: { replicas: Number(value) } });
      case 'delete-pods':
        return this.#deletePods(target, Number(value));
      case 'evict-pods':
        return this.#evict(await this.#podsOf(target), Number(value));
      case 'drain':
        return this.#drain(target, Number(value) * 1_000);
      case 'recreate':
        return this.#recreate(target, value as 'Background');
      case 'run-job':
        return this.#create(refs.JOBS, job(target, value === 'indexed', this.#draw).object);
      case 'burst':
        return this.#burst(target, Number(value), refs.PODS, barePod);
      case 'maps':
        return this.#burst(target, Number(value), refs.CONFIG_MAPS, bareMap);
      case 'counter':
        await Promise.all(Array.from({ length: Number(value) }, () => this.#count()));
        return undefined;
      case 'service':
        return this.#create(refs.SERVICES, bareService(target, value));
      case 'pause':
        return this.#pause(target, Number(value) * 1_000);
      case 'uncordon':
        return this.#cordon(target, false);
      case 'restart':
        return undefined;
    }
  }

  setImage(target: string, image: string): Promise<void> {
    const patch = { spec: { template: { spec: { containers: [{ name: 'c', image }] } } } };
    return this.#patch(refOf(target), target, patch, 'strategic');
  }

  /** After a storm: what would keep a healthy cluster from its wishes is put right. */
  async repair(nodes: readonly string[]): Promise<void> {
    for (const name of nodes) await this.#cordon(name, false);
    for (const ref of [refs.DEPLOYMENTS, refs.STATEFUL_SETS, refs.DAEMON_SETS]) {
      const found = await this.#try(() => this.#client.list<KubeObject>(ref, { namespace: NAMESPACE }));
      for (const { metadata, spec } of found?.items ?? []) {
        const { template, paused } = spec as { template: PodObject; paused?: boolean };
        const name = metadata.name ?? '';
        // What is below the partition keeps the template it had, be it broken.
        if (ref === refs.STATEFUL_SETS)
          await this.#patch(ref, name, { spec: { updateStrategy: { rollingUpdate: { partition: 0 } } } });
        if (paused) await this.#patch(ref, name, { spec: { paused: false } });
        if (template.spec.containers[0]!.image?.startsWith('broken')) await this.setImage(name, 'serve:mended');
      }
    }
    // Neither a StatefulSet nor anybody else replaces a pod that never became ready (Kubernetes, "Forced rollback").
    const pods = await this.#try(() => this.#client.list<PodObject>(refs.PODS, { namespace: NAMESPACE }));
    for (const pod of pods?.items ?? [])
      if (pod.spec.containers[0]!.image?.startsWith('broken') || !pod.metadata.ownerReferences?.length)
        await this.#remove(refs.PODS, pod.metadata.name ?? '', { gracePeriodSeconds: 5 });
  }

  get #client(): Client {
    return this.#parts.client;
  }

  /** Undefined when it is refused for good, or nobody answered however often. */
  async #try<T>(act: () => Promise<T>, patient = true): Promise<T | undefined> {
    for (let tries = 0; tries < TRIES; tries++) {
      try {
        return await act();
      } catch (error) {
        if (!(error instanceof StatusError)) throw error;
        const { code } = error;
        const passing = code >= 500 || code === 409 || (code === 429 && patient);
        if (!passing) return undefined;
        await sleep(this.#parts.clock, AGAIN_MS);
      }
    }
    return undefined;
  }

  async #create(ref: ResourceRef, object: KubeObject): Promise<void> {
    const { namespace } = object.metadata;
    await this.#try(async () => {
      try {
        await this.#client.create(ref, object, namespace ? { namespace } : {});
      } catch (error) {
        if (!(error instanceof StatusError && error.reason === 'AlreadyExists')) throw error;
      }
    });
  }

  async #patch(ref: ResourceRef, name: string, patch: object, type: 'merge' | 'strategic' = 'merge'): Promise<void> {
    await this.#try(() => this.#client.patch(ref, at(name), { type, patch: patch as never }));
  }

  async #remove(ref: ResourceRef, name: string, options: object = {}): Promise<void> {
    await this.#try(() => this.#client.delete(ref, at(name), options));
  }

  async #podsOf(app: string): Promise<PodObject[]> {
    const found = await this.#try(() =>
      this.#client.list<PodObject>(refs.PODS, { namespace: NAMESPACE, labelSelector: `app=${app}` }),
    );
    return found?.items ?? [];
  }

  async #deletePods(app: string, count: number): Promise<void> {
    const pods = await this.#podsOf(app);
    const first = this.#draw.from(0, Math.max(0, pods.length - 1));
    for (const pod of pods.slice(first, first + count)) await this.#remove(refs.PODS, pod.metadata.name ?? '');
  }

  /** All at once, as several drains at a time do. */
  async #evict(pods: readonly PodObject[], most: number): Promise<void> {
    await Promise.all(
      pods.slice(0, most).map(pod => {
        const { name = '', namespace = '' } = pod.metadata;
        const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } };
        return this.#try(
          () => this.#client.create(refs.PODS, eviction as never, { namespace, name, subresource: 'eviction' }),
          false,
        );
      }),
    );
  }

  async #drain(node: string, for_ms: number): Promise<void> {
    await this.#cordon(node, true);
    const found = await this.#try(() =>
      this.#client.list<PodObject>(refs.PODS, { fieldSelector: `spec.nodeName=${node}` }),
    );
    const daemon = (pod: PodObject): boolean => pod.metadata.ownerReferences?.[0]?.kind === 'DaemonSet';
    await this.#evict(
      (found?.items ?? []).filter(pod => !daemon(pod)),
      100,
    );
    await sleep(this.#parts.clock, for_ms);
    await this.#cordon(node, false);
  }

  async #cordon(name: string, unschedulable: boolean): Promise<void> {
    await this.#try(() =>
      this.#client.patch(refs.NODES, { name }, { type: 'merge', patch: { spec: { unschedulable } } }),
    );
  }

  /** Deleted, and made again at once under the same name. */
  async #recreate(target: string, propagationPolicy: 'Background' | 'Foreground' | 'Orphan'): Promise<void> {
    const ref = refOf(target);
    const found = await this.#try(() => this.#client.get<KubeObject>(ref, at(target)));
    if (!found) return;
    await this.#remove(ref, target, { propagationPolicy });
    const { name, namespace, labels } = found.metadata;
    const again = { ...found, metadata: { name, namespace, ...(labels ? { labels } : {}) } } as KubeObject;
    delete (again as { status?: unknown }).status;
    // In the foreground the name is free only when the last dependent is gone.
    for (let tries = 0; tries < 60; tries++) {
      const left = await this.#client
        .get<KubeObject>(ref, at(target))
        .catch((error: unknown) => (isNotFound(error) ? undefined : found));
      if (!left || left.metadata.uid !== found.metadata.uid) break;
      await sleep(this.#parts.clock, AGAIN_MS);
    }
    await this.#create(ref, again);
  }

  async #burst(name: string, count: number, ref: ResourceRef, make: (name: string) => KubeObject): Promise<void> {
    await Promise.all(Array.from({ length: count }, (_, index) => this.#create(ref, make(`${name}-${index}`))));
    await sleep(this.#parts.clock, 20_000);
    for (let index = 0; index < count; index++) await this.#remove(ref, `${name}-${index}`);
  }

  /** Adds one to a number by reading, adding and writing what was read: no one's addition may get lost. */
  async #count(): Promise<void> {
    await this.#create(refs.CONFIG_MAPS, { ...bareMap('counter'), data: { count: '0' } } as KubeObject);
    await this.#try(async () => {
      const map = await this.#client.get<KubeObject & { data?: { count?: string } }>(refs.CONFIG_MAPS, at('counter'));
      const count = String(Number(map.data?.count ?? 0) + 1);
      await this.#client.update(refs.CONFIG_MAPS, { ...map, data: { count } } as KubeObject);
    });
  }

  async #pause(target: string, for_ms: number): Promise<void> {
    await this.#patch(refs.DEPLOYMENTS, target, { spec: { paused: true } });
    await this.setImage(target, `serve:paused-${this.#draw.from(1, 99)}`);
    await sleep(this.#parts.clock, for_ms);
    await this.#patch(refs.DEPLOYMENTS, target, { spec: { paused: false } });
  }
}

const bare = (kind: string, name: string, rest: object): KubeObject =>
  ({ apiVersion: 'v1', kind, metadata: { name, namespace: NAMESPACE }, ...rest }) as unknown as KubeObject;
const bareMap = (name: string): KubeObject => bare('ConfigMap', name, {});
const bareService = (name: string, type: string): KubeObject =>
  bare('Service', name, { spec: { type, selector: { app: 'web' }, ports: [{ port: 80 }] } });
const barePod = (name: string): KubeObject =>
  bare('Pod', name, {
    spec: {
      containers: [{ name: 'c', image: 'serve:bare', resources: { requests: { cpu: '700m', memory: '64Mi' } } }],
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 20,
    },
  });

export { pathOf };
