import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Timer } from '../../base/index.ts';
import { isNotFound, isReplaced, type KubeObject, type kinds } from '../../kernel/index.ts';
import type { DownwardContext } from '../engine/downward.ts';
import { isOverwritten, STATUS_SYNC_MS, statusOf, statusPatch } from '../engine/status.ts';
import { step } from '../engine/step.ts';
import {
  type ContainerState,
  containerSpec,
  type Effect,
  type Input,
  type PodState,
  type Run,
} from '../engine/state.ts';
import type { ContainerRuntime } from '../ports.ts';
import type { ContainerStatus, RuntimeEvent, SandboxSpec } from '../model.ts';
import { ContainerActions } from './container-actions.ts';
import type { NodeContext } from './node-context.ts';
import { PODS } from './refs.ts';
import { PodSandbox } from './pod-sandbox.ts';
import { terminationFile, logFile } from './container-spec.ts';
import { terminationMessage } from './termination-message.ts';
import { PodVolumes } from './volumes.ts';

const STATUS_RETRY_MS = 1_000;

/** Drives one pod: inputs go to the pure engine, its effects to the ports, its status to the API. */
export class PodWorker {
  readonly uid: string;
  readonly node: NodeContext;
  readonly volumes: PodVolumes;
  readonly sandbox: PodSandbox;
  readonly #actions: ContainerActions;
  readonly #gone: (worker: PodWorker) => void;
  state: PodState;
  /** Set with the first sandbox (or by adoption). */
  runtime: ContainerRuntime | undefined;
  #timer: Timer | undefined;
  #published = '';
  #sync: Timer | undefined;
  /** The next write goes out even where nothing has changed here. */
  #reconcile = false;
  #publishing: Promise<void> | undefined;
  #dirty = false;
  #closed = false;
  /** The object is gone from the API: nothing is written any more. */
  #removed = false;

  constructor(node: NodeContext, state: PodState, gone: (worker: PodWorker) => void) {
    this.node = node;
    this.state = state;
    this.uid = state.pod.metadata.uid ?? '';
    this.#gone = gone;
    const { namespace = '', name = '' } = state.pod.metadata;
    this.volumes = new PodVolumes(node, { namespace, name, uid: this.uid });
    this.sandbox = new PodSandbox(this);
    this.#actions = new ContainerActions(this);
  }

  get pod(): kinds.Pod {
    return this.state.pod;
  }

  downward(): DownwardContext {
    return { hostIps: this.node.addresses, podIps: this.state.ips, capacity: this.node.capacity };
  }

  /** Tells the engine something and does what it answers. */
  post(input: Input): void {
    if (this.#closed) return;
    const result = step(this.state, input, { now_ms: this.node.clock.monotonic() });
    this.state = result.state;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (result.wakeAt_ms !== undefined) {
      const delay_ms = Math.max(0, result.wakeAt_ms - this.node.clock.monotonic());
      this.#timer = this.node.clock.after(delay_ms, () => this.post({ kind: 'tick' }));
    }
    for (const effect of result.effects) this.#perform(effect);
    this.#publish();
  }

  /** A newer object from the API. */
  update(pod: kinds.Pod): void {
    const before = this.pod.metadata;
    const { labels, annotations } = pod.metadata;
    this.post({ kind: 'spec', pod });
    if (JSON.stringify([before.labels, before.annotations]) !== JSON.stringify([labels, annotations]))
      this.volumes.update(pod, this.downward());
  }

  /** The object vanished (deleted by force): everything goes at once. */
  removed(): void {
    this.#removed = true;
    const { pod } = this;
    const metadata = {
      ...pod.metadata,
      deletionTimestamp: new Date(this.node.clock.now()).toISOString(),
      deletionGracePeriodSeconds: 0,
    };
    this.post({ kind: 'spec', pod: { ...pod, metadata } });
  }

  #perform(effect: Effect): void {
    const done = this.#effect(effect);
    done?.catch((error: unknown) =>
      this.node.report(error, `pod ${this.pod.metadata.namespace}/${this.pod.metadata.name}`),
    );
  }

  #effect(effect: Effect): Promise<void> | undefined {
    switch (effect.kind) {
      case 'event':
        this.tell(effect.type, effect.reason, effect.message, effect.container);
        return undefined;
      case 'volumes':
        return this.volumes.prepare(this.pod, this.downward()).then(
          () => this.post({ kind: 'volumes' }),
          (error: Error) => this.post({ kind: 'volumes', error: error.message }),
        );
      case 'sandbox':
        return this.sandbox.run(effect.attempt).then(
          async ({ id, ips }) => {
            this.post({ kind: 'sandbox', id, ips });
            // Its end may have been told before anybody here knew it.
            if (await this.sandbox.ended(id)) this.post({ kind: 'sandbox-died' });
          },
          (error: Error) => this.post({ kind: 'sandbox-failed', message: error.message }),
        );
      case 'stop-sandbox':
        return this.sandbox.stop().finally(() => this.post({ kind: 'sandbox-stopped' }));
      case 'clean':
        return this.#clean().finally(() => this.post({ kind: 'cleaned' }));
      case 'delete':
        return this.#delete();
      case 'remove':
        return this.#actions.remove(effect.id);
      default:
        return this.#actions.perform(effect);
    }
  }

  tell(type: 'Normal' | 'Warning', reason: string, message: string, container?: string): void {
    if (this.#removed) return;
    const kind = container === undefined ? undefined : this.container(container)?.kind;
    const init = kind === 'init' || kind === 'sidecar';
    this.node.events.pod(
      { pod: this.pod, ...(container === undefined ? {} : { container, init }) },
      type,
      reason,
      message,
    );
  }

  container(name: string): ContainerState | undefined {
    return this.state.containers.find(container => container.name === name);
  }

  /** What a runtime reports of one of this pod's containers or its sandbox. */
  onRuntime(event: RuntimeEvent): void {
    if (event.kind !== 'exited') return;
    if (event.containerId === '') {
      if (event.sandboxId === this.state.sandboxId) this.post({ kind: 'sandbox-died' });
      return;
    }
    const container = this.state.containers.find(({ current }) => current?.id === event.containerId);
    // A start that is still being told of looks at the state itself.
    if (container) void this.exited(container.name, event.containerId);
  }

  /** Reads how a container ended and tells the engine. */
  async exited(name: string, id: string): Promise<void> {
    const status = await this.runtime?.status(id).catch(() => undefined);
    if (!status) return;
    this.post({ kind: 'exited', container: name, run: await this.runOf(status) });
  }

  /** One run as the engine keeps it, with its termination message. */
  async runOf(status: ContainerStatus): Promise<Run> {
    const { spec } = status;
    const exitCode = status.exitCode ?? 0;
    const container = containerSpec(this.pod, spec.name);
    const ended = status.state === 'exited';
    const message =
      ended && container
        ? await terminationMessage(
            container,
            terminationFile(this.node, this.uid, spec.name, spec.attempt),
            spec.logPath,
            exitCode,
          )
        : '';
    return {
      id: spec.id,
      attempt: spec.attempt,
      startedAt_ms: status.startedAt_ms ?? spec.createdAt_ms,
      ...(ended
        ? {
            finishedAt_ms: status.finishedAt_ms ?? this.node.clock.now(),
            exitCode,
            reason: status.reason ?? (exitCode === 0 ? 'Completed' : 'Error'),
            ...(message || status.message ? { message: message || status.message! } : {}),
          }
        : {}),
    };
  }

  logPath(container: string, attempt: number): string {
    return logFile({ logFolder: this.sandbox.logFolder }, container, attempt);
  }

  async #clean(): Promise<void> {
    await this.sandbox.removeAll();
    await this.volumes.remove();
    await rm(this.sandbox.logFolder, { recursive: true, force: true });
  }

  async #delete(): Promise<void> {
    await this.#settled();
    const { namespace, name = '' } = this.pod.metadata;
    const key = namespace === undefined ? { name } : { namespace, name };
    if (!this.#removed) {
      try {
        await this.node.client.delete(PODS, key, { gracePeriodSeconds: 0, preconditions: { uid: this.uid } });
      } catch (error) {
        if (!isNotFound(error)) this.node.report(error, `delete of pod ${namespace}/${name}`);
      }
    }
    this.close();
    this.#gone(this);
  }

  /** Waits until the status in the API is the newest. */
  async #settled(): Promise<void> {
    while (this.#publishing) await this.#publishing;
  }

  #publish(): void {
    this.#dirty = true;
    if (this.#publishing || this.#closed) return;
    this.#publishing = this.#write().finally(() => {
      this.#publishing = undefined;
      if (this.#dirty && !this.#closed) this.#publish();
    });
  }

  /** Writes the status once; what changes meanwhile is written next. */
  async #write(): Promise<void> {
    // Several inputs of one turn become one write.
    await Promise.resolve();
    this.#dirty = false;
    if (this.#removed || this.#closed) return;
    const { node, pod } = this;
    const status = statusOf(this.state, {
      now_ms: node.clock.now(),
      hostIps: node.addresses,
      runtimeName: node.runtimeName,
    });
    const text = JSON.stringify(status);
    if (text === this.#published) {
      const overwritten = isOverwritten(pod, status);
      if (overwritten && !this.#reconcile) this.#again(node.clock);
      if (!overwritten || !this.#reconcile) return;
    }
    this.#reconcile = false;
    const { namespace, name = '', uid } = pod.metadata;
    const key = namespace === undefined ? { name } : { namespace, name };
    try {
      const patch = { metadata: { uid: uid ?? '' }, status: statusPatch(status) as never };
      const written = await node.client.patch<kinds.Pod & KubeObject>(
        PODS,
        key,
        { type: 'strategic', patch },
        { subresource: 'status' },
      );
      this.#published = text;
      this.#observe(written);
    } catch (error) {
      if (isNotFound(error) || isReplaced(error)) return this.removed();
      node.report(error, `status of pod ${namespace}/${name}`);
      node.clock.after(STATUS_RETRY_MS, () => this.#publish());
    }
  }

  /** Takes the written status in, so that the next one is computed from it. */
  #observe(written: kinds.Pod): void {
    const known = Number(this.pod.metadata.resourceVersion ?? 0);
    if (Number(written.metadata.resourceVersion ?? 0) > known) this.state = { ...this.state, pod: written };
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
    this.volumes.close();
  }

  /** Folder that holds what belongs to this pod alone. */
  get folder(): string {
    return join(this.node.stateFolder, 'pods', this.uid);
  }

  sandboxSpec(): SandboxSpec | undefined {
    return this.sandbox.spec;
  }
}
