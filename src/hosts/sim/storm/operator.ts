/** The hand that carries out deeds, and puts right what would keep a healthy cluster from its wishes. */
import { isNotFound, type KubeObject, type ResourceRef } from '../../../kernel/index.ts';
import {
  bare,
  bareMap,
  barePod,
  burst,
  crowd,
  disturb,
  inherit,
  namespace,
  owners,
  relabel,
  release,
  squeeze,
  staleDelete,
  steal,
  suspend,
  taint,
} from './deeds.ts';
import { AGAIN_MS, at, Hand, type HandParts } from './hand.ts';
import { type PodObject } from './pods.ts';
import * as refs from './refs.ts';
import type { Deed } from './steps.ts';
import { type Document, job, NAMESPACE, QUOTA_PODS_MAX } from './workload.ts';

const SETS: Readonly<Record<string, ResourceRef>> = {
  db: refs.STATEFUL_SETS,
  flock: refs.STATEFUL_SETS,
  agent: refs.DAEMON_SETS,
  fleet: refs.DAEMON_SETS,
};
const refOf = (target: string): ResourceRef => SETS[target] ?? refs.DEPLOYMENTS;

export class Operator {
  readonly #hand: Hand;
  readonly #deeds: Readonly<Record<Deed['do'], (target: string, value: string) => Promise<unknown> | undefined>>;

  constructor(parts: HandParts) {
    const hand = (this.#hand = new Hand(parts));
    this.#deeds = {
      roll: (target, value) => this.setImage(target, value),
      scale: (target, value) => hand.patch(refOf(target), target, { spec: { replicas: Number(value) } }),
      surge: async (target, value) => {
        await this.setImage(target, `serve:${value}`);
        await hand.wait(hand.draw.from(500, 6_000));
        await hand.patch(refs.DEPLOYMENTS, target, { spec: { replicas: hand.draw.from(1, 6) } });
      },
      'delete-pods': (target, value) => this.#deletePods(target, Number(value)),
      'evict-pods': async (target, value) => this.#evict(await hand.podsOf(target), Number(value)),
      disturb: (target, value) => disturb(hand, pods => this.#evict(pods, 100), target, Number(value)),
      inherit: (target, value) => inherit(hand, target, value),
      crowd: (target, value) => crowd(hand, target, Number(value)),
      squeeze: (_, value) => squeeze(hand, Number(value)),
      drain: (target, value) => this.#drain(target, Number(value) * 1_000),
      recreate: (target, value) => this.#recreate(target, value),
      'run-job': (target, value) => hand.create(refs.JOBS, job(target, value, hand.draw).object),
      burst: (target, value) => burst(hand, target, Number(value), refs.PODS, barePod),
      press: (target, value) => burst(hand, target, Number(value), refs.PODS, name => barePod(name, 'high')),
      maps: (target, value) => burst(hand, target, Number(value), refs.CONFIG_MAPS, bareMap),
      counter: (_, value) => Promise.all(Array.from({ length: Number(value) }, () => this.#count())),
      service: (target, value) => hand.create(refs.SERVICES, bareService(target, value)),
      pause: (target, value) => this.#pause(target, Number(value) * 1_000),
      'stale-delete': target => staleDelete(hand, target),
      steal: (target, value) => steal(hand, target, value),
      owners: (target, value) => owners(hand, target, value),
      taint: (target, value) => taint(hand, target, value),
      relabel: target => relabel(hand, target),
      suspend: (target, value) => suspend(hand, target, Number(value) * 1_000),
      namespace: target => namespace(hand, target),
      partition: (target, value) =>
        hand.patch(refs.STATEFUL_SETS, target, {
          spec: { updateStrategy: { rollingUpdate: { partition: Number(value) } } },
        }),
      autoscale: (target, value) => {
        const [minReplicas, maxReplicas] = value.split('-').map(Number);
        return hand.patch(refs.AUTOSCALERS, target, { spec: { minReplicas, maxReplicas } });
      },
      // A deed of the world, not of the API.
      load: () => undefined,
    };
  }

  /** Creates what is not there yet. */
  async apply(documents: readonly Document[]): Promise<void> {
    for (const { ref, object } of documents) await this.#hand.create(ref, object);
  }

  async carryOut(deed: Deed): Promise<void> {
    await this.#deeds[deed.do](deed.target, deed.value);
  }

  setImage(target: string, image: string): Promise<void> {
    const patch = { spec: { template: { spec: { containers: [{ name: 'c', image }] } } } };
    return this.#hand.patch(refOf(target), target, patch, 'strategic');
  }

  /** After a storm: what would keep a healthy cluster from its wishes is put right. */
  async repair(nodes: readonly string[]): Promise<void> {
    const hand = this.#hand;
    for (const name of nodes) await this.#cordon(name, false);
    await release(hand, nodes);
    for (const ref of [refs.DEPLOYMENTS, refs.STATEFUL_SETS, refs.DAEMON_SETS]) {
      const found = await hand.try(() => hand.client.list<KubeObject>(ref, { namespace: NAMESPACE }));
      for (const { metadata, spec } of found?.items ?? []) {
        const { template, paused } = spec as { template: PodObject; paused?: boolean };
        const name = metadata.name ?? '';
        // What is below the partition keeps the template it had, be it broken.
        if (ref === refs.STATEFUL_SETS)
          await hand.patch(ref, name, { spec: { updateStrategy: { rollingUpdate: { partition: 0 } } } });
        if (paused) await hand.patch(ref, name, { spec: { paused: false } });
        if (template.spec.containers[0]!.image?.startsWith('broken')) await this.setImage(name, 'serve:mended');
      }
    }
    await hand.patch(refs.QUOTAS, 'all', { spec: { hard: { pods: String(QUOTA_PODS_MAX) } } });
    for (const name of ['job', 'index']) await hand.patch(refs.JOBS, name, { spec: { suspend: false } });
    // Neither a StatefulSet nor anybody else replaces a pod that never became ready (Kubernetes, "Forced rollback").
    const pods = await hand.try(() => hand.client.list<PodObject>(refs.PODS, { namespace: NAMESPACE }));
    for (const pod of pods?.items ?? [])
      if (pod.spec.containers[0]!.image?.startsWith('broken') || !pod.metadata.ownerReferences?.length)
        await hand.remove(refs.PODS, pod.metadata.name ?? '', { gracePeriodSeconds: 5 });
  }

  async #deletePods(app: string, count: number): Promise<void> {
    const hand = this.#hand;
    const pods = await hand.podsOf(app);
    const first = hand.draw.from(0, Math.max(0, pods.length - 1));
    for (const pod of pods.slice(first, first + count)) await hand.remove(refs.PODS, pod.metadata.name ?? '');
  }

  /** All at once, as several drains at a time do. */
  async #evict(pods: readonly PodObject[], most: number): Promise<void> {
    const hand = this.#hand;
    await Promise.all(
      pods.slice(0, most).map(pod => {
        const { name = '', namespace = '' } = pod.metadata;
        const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } };
        return hand.try(
          () => hand.client.create(refs.PODS, eviction as never, { namespace, name, subresource: 'eviction' }),
          false,
        );
      }),
    );
  }

  async #drain(node: string, for_ms: number): Promise<void> {
    const hand = this.#hand;
    await this.#cordon(node, true);
    const found = await hand.try(() =>
      hand.client.list<PodObject>(refs.PODS, { fieldSelector: `spec.nodeName=${node}` }),
    );
    const daemon = (pod: PodObject): boolean => pod.metadata.ownerReferences?.[0]?.kind === 'DaemonSet';
    await this.#evict(
      (found?.items ?? []).filter(pod => !daemon(pod)),
      100,
    );
    await hand.wait(for_ms);
    await this.#cordon(node, false);
  }

  async #cordon(name: string, unschedulable: boolean): Promise<void> {
    const hand = this.#hand;
    await hand.try(() =>
      hand.client.patch(refs.NODES, { name }, { type: 'merge', patch: { spec: { unschedulable } } }),
    );
  }

  /** Deleted, and made again at once under the same name. */
  async #recreate(target: string, propagationPolicy: string): Promise<void> {
    const hand = this.#hand;
    const ref = refOf(target);
    const found = await hand.try(() => hand.client.get<KubeObject>(ref, at(target)));
    if (!found) return;
    await hand.remove(ref, target, { propagationPolicy });
    const { name, namespace: space, labels } = found.metadata;
    const again = { ...found, metadata: { name, namespace: space, ...(labels ? { labels } : {}) } } as KubeObject;
    delete (again as { status?: unknown }).status;
    // In the foreground the name is free only when the last dependent is gone.
    for (let tries = 0; tries < 60; tries++) {
      const left = await hand.client
        .get<KubeObject>(ref, at(target))
        .catch((error: unknown) => (isNotFound(error) ? undefined : found));
      if (!left || left.metadata.uid !== found.metadata.uid) break;
      await hand.wait(AGAIN_MS);
    }
    await hand.create(ref, again);
  }

  /** Adds one to a number by reading, adding and writing what was read: no one's addition may get lost. */
  async #count(): Promise<void> {
    const hand = this.#hand;
    await hand.create(refs.CONFIG_MAPS, { ...bareMap('counter'), data: { count: '0' } } as KubeObject);
    await hand.try(async () => {
      const map = await hand.client.get<KubeObject & { data?: { count?: string } }>(refs.CONFIG_MAPS, at('counter'));
      const count = String(Number(map.data?.count ?? 0) + 1);
      await hand.client.update(refs.CONFIG_MAPS, { ...map, data: { count } } as KubeObject);
    });
  }

  async #pause(target: string, for_ms: number): Promise<void> {
    const hand = this.#hand;
    await hand.patch(refs.DEPLOYMENTS, target, { spec: { paused: true } });
    await this.setImage(target, `serve:paused-${hand.draw.from(1, 99)}`);
    await hand.wait(for_ms);
    await hand.patch(refs.DEPLOYMENTS, target, { spec: { paused: false } });
  }
}

const bareService = (name: string, type: string): KubeObject =>
  bare('Service', name, { spec: { type, selector: { app: 'web' }, ports: [{ port: 80 }] } });
