/** Drives one simulated pod: the node agent's own engine decides, the machine answers. */
import { hash } from 'node:crypto';
import type { Clock, Timer } from '../../../base/index.ts';
import { type Client, isNotFound, isReplaced, type KubeObject, type kinds } from '../../../kernel/index.ts';
import {
  containerSpec,
  creationFailure,
  type Effect,
  type Input,
  isOverwritten,
  type Run,
  STATUS_SYNC_MS,
  statusOf,
  statusPatch,
  step,
} from '../../../compute/decisions.ts';
import type { Machine, PodRecord } from './machine.ts';
import { type NeedsParts, variablesOf, volumesOf } from './needs.ts';

const PODS = { group: '', version: 'v1', resource: 'pods' };
const STATUS_RETRY_MS = 1_000;

/** What a worker needs of its kubelet's life. */
export interface WorkerParts {
  readonly client: Client;
  readonly clock: Clock;
  readonly machine: Machine;
  readonly report: (error: unknown, where: string) => void;
  readonly event: (
    pod: kinds.Pod,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
    container?: string,
  ) => void;
  /** The pod is gone from the machine and from the API. */
  readonly gone: (uid: string) => void;
}

export class SimPodWorker {
  readonly record: PodRecord;
  readonly #parts: WorkerParts;
  readonly #inputs: Input[] = [];
  #timer: Timer | undefined;
  /** SHA-1 of the status that was written last: the text itself is larger than what is left of a pod in memory. */
  #published = '';
  #sync: Timer | undefined;
  /** The next write goes out even where nothing has changed here. */
  #reconcile = false;
  #publishing = false;
  /** The write under way, and whether it was taken. */
  #writing: Promise<boolean> = Promise.resolve(true);
  #dirty = false;
  #closed = false;
  #removed = false;
  #stepping = false;

  constructor(record: PodRecord, parts: WorkerParts) {
    this.record = record;
    this.#parts = parts;
    adopt(record);
  }

  get pod(): kinds.Pod {
    return this.record.state.pod;
  }

  /** Tells the engine something and does what it answers. */
  post(input: Input): void {
    if (this.#closed) return;
    this.#inputs.push(input);
    if (this.#stepping) return;
    this.#stepping = true;
    let wakeAt_ms: number | undefined;
    for (let next = this.#inputs.shift(); next; next = this.#inputs.shift()) {
      const result = step(this.record.state, next, { now_ms: this.#parts.clock.monotonic() });
      this.record.state = result.state;
      ({ wakeAt_ms } = result);
      for (const effect of result.effects) this.#perform(effect);
    }
    this.#stepping = false;
    this.#wake(wakeAt_ms);
    this.#publish();
  }

  /** A container ended by itself. */
  ended(container: string): void {
    const run = this.#runOf(container);
    if (run) this.post({ kind: 'exited', container, run });
  }

  /** The object vanished: everything goes at once. */
  removed(): void {
    this.#removed = true;
    const { pod } = this;
    const deletionTimestamp = new Date(this.#parts.clock.now()).toISOString();
    const metadata = { ...pod.metadata, deletionTimestamp, deletionGracePeriodSeconds: 0 };
    this.post({ kind: 'spec', pod: { ...pod, metadata } });
  }

  /** What probes would find has changed: they ask at once on their grid. */
  changed(): void {
    this.post({ kind: 'tick' });
  }

  #wake(wakeAt_ms: number | undefined): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (wakeAt_ms === undefined || this.#closed) return;
    const { clock } = this.#parts;
    this.#timer = clock.after(Math.max(0, wakeAt_ms - clock.monotonic()), () => this.post({ kind: 'tick' }));
  }

  #perform(effect: Effect): void {
    const { record } = this;
    const { machine } = this.#parts;
    switch (effect.kind) {
      case 'volumes':
        return this.#volumes();
      case 'sandbox':
        return this.post({ kind: 'sandbox', id: `${record.uid}-${effect.attempt}`, ips: [record.ip] });
      case 'stop-sandbox':
        return this.post({ kind: 'sandbox-stopped' });
      case 'clean':
        return this.post({ kind: 'cleaned' });
      case 'delete':
        void this.#delete();
        return undefined;
      case 'pull':
        return this.#pull(effect.container);
      case 'start':
        return this.#create(effect.container, effect.attempt);
      case 'stop':
        return this.#stop(effect.container, effect.grace_ms);
      case 'hook':
        return this.post({ kind: 'hook', container: effect.container, id: effect.id });
      case 'probe': {
        const success = machine.answers(record) || (effect.probe === 'liveness' && !record.hung && machine.on);
        const output = success ? '' : 'HTTP probe failed with statuscode: 503';
        return this.post({
          kind: 'probe',
          container: effect.container,
          id: effect.id,
          probe: effect.probe,
          success,
          output,
        });
      }
      case 'event':
        if (!this.#removed) this.#parts.event(this.pod, effect.type, effect.reason, effect.message, effect.container);
        return undefined;
      case 'remove':
      case 'update-resources':
        return undefined;
    }
  }

  #pull(name: string): void {
    const { machine, clock } = this.#parts;
    const container = containerSpec(this.pod, name);
    const image = container?.image ?? '';
    if (container?.imagePullPolicy === 'Never' && !machine.has(image)) {
      const message = `Container image "${image}" is not present with pull policy of Never`;
      return this.post({ kind: 'image-failed', container: name, reason: 'ErrImageNeverPull', message });
    }
    const took_ms = machine.pull(image, container?.imagePullPolicy === 'Always');
    const done = (): void => {
      machine.pulled(image);
      this.post({ kind: 'image', container: name, imageId: `${image}@sha256:simulated`, image });
    };
    if (took_ms === undefined) {
      const message = `failed to pull and unpack image ${JSON.stringify(image)}: not found`;
      this.post({ kind: 'image-failed', container: name, reason: 'ErrImagePull', message });
    } else if (took_ms === 0) done();
    else clock.after(took_ms, done);
  }

  /** Claims, and objects that are shown as files, must be there. */
  #volumes(): void {
    const made = volumesOf(this.pod, this.#needs());
    if (!made) return this.post({ kind: 'volumes' });
    return void made.then(
      () => this.post({ kind: 'volumes' }),
      (error: Error) => this.post({ kind: 'volumes', error: error.message }),
    );
  }

  /** The objects variables come from must be there, too. */
  #create(name: string, attempt: number): void {
    const made = variablesOf(this.pod, name, this.#needs());
    if (!made) return this.#start(name, attempt);
    return void made.then(
      () => {
        if (!this.#closed) this.#start(name, attempt);
      },
      (error: Error) => {
        this.post({ kind: 'start-failed', container: name, reason: creationFailure(error), message: error.message });
      },
    );
  }

  #needs(): NeedsParts {
    const { client, clock, machine } = this.#parts;
    const capacity = { milliCpu: Math.round(machine.cores * 1000), memory_bytes: machine.memory_bytes };
    return { client, clock, hostIps: [machine.address], podIps: [this.record.ip], capacity };
  }

  #start(name: string, attempt: number): void {
    const kind = this.record.state.containers.find(container => container.name === name)?.kind;
    const process = this.#parts.machine.start(this.record, name, kind !== 'init');
    const run: Run = { id: process.id, attempt, startedAt_ms: process.startedAt_ms };
    this.post({ kind: 'started', container: name, run });
    // What is ready after a while is found by its probes on their grid; nothing has to wake them.
  }

  #stop(name: string, grace_ms: number): void {
    const { machine, clock } = this.#parts;
    const { after_ms, code } = machine.shutdown_ms(this.record, grace_ms);
    const end = (): void => {
      machine.end(this.record, name, code, code === 0 ? 'Completed' : 'Error');
      this.ended(name);
    };
    if (after_ms === 0) end();
    else clock.after(after_ms, end);
  }

  #runOf(name: string): Run | undefined {
    const process = this.record.processes.get(name);
    const container = this.record.state.containers.find(each => each.name === name);
    if (!process?.ended || !container?.current || container.current.id !== process.id) return undefined;
    const { at_ms, code, reason } = process.ended;
    return { ...container.current, finishedAt_ms: at_ms, exitCode: code, reason };
  }

  async #delete(): Promise<void> {
    const { client, report, gone } = this.#parts;
    const { namespace = '', name = '', uid = '' } = this.pod.metadata;
    // The status a pod ended with is written before the object may go.
    await Promise.resolve();
    if (!(await this.#writing) && !this.#removed && !this.#closed) {
      this.#parts.clock.after(STATUS_RETRY_MS, () => void this.#delete());
      return;
    }
    if (!this.#removed) {
      try {
        await client.delete(PODS, { namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } });
      } catch (error) {
        if (!isNotFound(error)) {
          report(error, `delete of pod ${namespace}/${name}`);
          this.#parts.clock.after(STATUS_RETRY_MS, () => void this.#delete());
          return;
        }
      }
    }
    this.close();
    gone(uid);
  }

  #publish(): void {
    this.#dirty = true;
    if (this.#publishing || this.#closed) return;
    this.#publishing = true;
    this.#writing = this.#write();
    void this.#writing.finally(() => {
      this.#publishing = false;
      if (this.#dirty && !this.#closed) this.#publish();
    });
  }

  async #write(): Promise<boolean> {
    // Several inputs of one turn become one write.
    await Promise.resolve();
    this.#dirty = false;
    if (this.#removed || this.#closed) return true;
    const { client, clock, machine, report } = this.#parts;
    const { pod, state } = { pod: this.pod, state: this.record.state };
    const status = statusOf(state, { now_ms: clock.now(), hostIps: [machine.address], runtimeName: 'simulated' });
    const digest = hash('sha1', JSON.stringify(status), 'base64');
    if (digest === this.#published) {
      const overwritten = isOverwritten(pod, status);
      if (overwritten && !this.#reconcile) this.#again(clock);
      if (!overwritten || !this.#reconcile) return true;
    }
    this.#reconcile = false;
    const { namespace = '', name = '', uid = '' } = pod.metadata;
    try {
      const patch = { metadata: { uid }, status: statusPatch(status) as never };
      const written = await client.patch<kinds.Pod & KubeObject>(
        PODS,
        { namespace, name },
        { type: 'strategic', patch },
        { subresource: 'status' },
      );
      this.#published = digest;
      const known = Number(this.pod.metadata.resourceVersion ?? 0);
      if (Number(written.metadata.resourceVersion ?? 0) > known)
        this.record.state = { ...this.record.state, pod: written };
      return true;
    } catch (error) {
      if (isNotFound(error) || isReplaced(error)) {
        this.removed();
        return true;
      }
      report(error, `status of pod ${namespace}/${name}`);
      clock.after(STATUS_RETRY_MS, () => this.#publish());
      return false;
    }
  }

  /** What somebody else wrote over the status is written over in turn, by and by. */
  #again(clock: Clock): void {
    this.#sync ??= clock.after(STATUS_SYNC_MS, () => {
      this.#sync = undefined;
      this.#reconcile = true;
      this.#publish();
    });
  }

  close(): void {
    this.#closed = true;
    this.#sync?.cancel();
    this.#timer?.cancel();
  }
}

/** What a kubelet that starts again makes of what it finds: nothing is under way any more. */
function adopt(record: PodRecord): void {
  const containers = record.state.containers.map(container => {
    if (container.phase === 'pulling' || container.phase === 'starting')
      return { ...container, phase: 'idle' as const };
    if (container.phase === 'stopping') return { ...container, phase: 'running' as const };
    return container;
  });
  const { cleaned, sandbox, volumes } = record.state;
  record.state = {
    ...record.state,
    containers,
    // A deletion that was asked for and not answered is asked for again.
    deleted: false,
    cleaned: cleaned === 'cleaning' ? 'no' : cleaned,
    sandbox: sandbox === 'starting' ? 'none' : sandbox === 'stopping' ? 'ready' : sandbox,
    volumes: volumes === 'preparing' ? 'none' : volumes,
  };
}
