/** Pods whose life stages tell: their machines hold what their statuses say, so that load and metrics find them. */
import type { KubeObject, kinds } from '../../../../kernel/index.ts';
import type { Machine, PodRecord } from '../machine.ts';
import type { Behaviour } from '../models.ts';

export interface StagedPodsOptions {
  readonly machine: (name: string) => Machine | undefined;
  readonly behaviour: (pod: kinds.Pod, machine: Machine) => Behaviour;
  /** Told when a machine has a pod more, or has one no more. */
  readonly changed: (machine: Machine, record: PodRecord, there: boolean) => void;
  readonly now_ms: () => number;
}

export class StagedPods {
  readonly #options: StagedPodsOptions;

  constructor(options: StagedPodsOptions) {
    this.#options = options;
  }

  /** The pod's address on its machine; given out when first asked for. */
  address(object: KubeObject): string | undefined {
    const pod = object as kinds.Pod;
    const machine = this.#options.machine(pod.spec?.nodeName ?? '');
    return machine && this.#record(machine, pod).ip;
  }

  /** Takes in a pod as the API has it. */
  seen(object: KubeObject, gone: boolean): void {
    const pod = object as kinds.Pod;
    const machine = this.#options.machine(pod.spec?.nodeName ?? '');
    const uid = pod.metadata.uid ?? '';
    if (!machine) return;
    const ended = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
    if (gone || ended) {
      const record = machine.pods.get(uid);
      if (!record) return;
      machine.forget(uid);
      this.#options.changed(machine, record, false);
      return;
    }
    if (!pod.status?.podIP && !machine.pods.has(uid)) return;
    const record = this.#record(machine, pod);
    const now_ms = this.#options.now_ms();
    record.state = { ...record.state, pod };
    const ready = pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
    record.readyAt_ms = ready ? Math.min(record.readyAt_ms, now_ms) : Number.POSITIVE_INFINITY;
    for (const { name, state } of pod.status?.containerStatuses ?? []) {
      const process = record.processes.get(name);
      const lives = process !== undefined && !process.ended;
      if (state?.running && !lives) record.processes.set(name, { id: `${uid}-${name}`, startedAt_ms: now_ms });
      else if (!state?.running && process && !process.ended)
        process.ended = { at_ms: now_ms, code: state?.terminated?.exitCode ?? 0, reason: 'Completed' };
    }
  }

  #record(machine: Machine, pod: kinds.Pod): PodRecord {
    const known = machine.pods.has(pod.metadata.uid ?? '');
    const behaviour = (): Behaviour => this.#options.behaviour(pod, machine);
    const now_ms = this.#options.now_ms();
    const record = machine.record(pod, behaviour, now_ms, now_ms);
    if (!known) this.#options.changed(machine, record, true);
    return record;
  }
}
