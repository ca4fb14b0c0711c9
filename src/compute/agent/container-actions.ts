import { probeSpec } from '../engine/probing.ts';
import { containerSpec, type Effect } from '../engine/state.ts';
import type { ImageRecord } from '../ports.ts';
import { limitsOf, makeContainerSpec } from './container-spec.ts';
import { creationFailure } from './environment.ts';
import { runHook } from './hooks.ts';
import { ensureImage, ImageProblem } from './images.ts';
import type { PodWorker } from './pod-worker.ts';
import { type ProbeTarget, runProbe } from './probes.ts';

/** What a stop has at least after its preStop hook used up the grace (kubelet's minimum). */
const STOP_MS_MIN = 2_000;

type ContainerEffect = Extract<Effect, { readonly container: string }>;

/** Carries out what the engine wants of single containers. */
export class ContainerActions {
  readonly #worker: PodWorker;
  readonly #images = new Map<string, ImageRecord>();
  readonly #stopping = new Set<string>();

  constructor(worker: PodWorker) {
    this.#worker = worker;
  }

  perform(effect: ContainerEffect): Promise<void> {
    switch (effect.kind) {
      case 'pull':
        return this.#pull(effect.container);
      case 'start':
        return this.#start(effect.container, effect.attempt);
      case 'stop':
        return this.#stop(effect.container, effect.id, effect.grace_ms);
      case 'hook':
        return this.#hook(effect.container, effect.id);
      case 'probe':
        return this.#probe(effect);
      case 'update-resources':
        return this.#resize(effect.container, effect.id);
      default:
        return Promise.resolve();
    }
  }

  async #pull(name: string): Promise<void> {
    const { node, pod } = this.#worker;
    const container = containerSpec(pod, name);
    if (!container) return;
    try {
      const image = await ensureImage(node, pod, container, (type, reason, message) =>
        this.#worker.tell(type, reason, message, name),
      );
      this.#images.set(name, image);
      const reference = container.image ?? '';
      this.#worker.post({ kind: 'image', container: name, imageId: image.digests[0] ?? image.id, image: reference });
    } catch (error) {
      const reason = error instanceof ImageProblem ? error.reason : 'ErrImagePull';
      this.#worker.post({ kind: 'image-failed', container: name, reason, message: (error as Error).message });
    }
  }

  async #start(name: string, attempt: number): Promise<void> {
    const worker = this.#worker;
    const { node, pod, runtime, sandbox } = worker;
    const container = containerSpec(pod, name);
    const image = this.#images.get(name);
    if (!container || !image || !runtime || !sandbox.spec) {
      worker.post({
        kind: 'start-failed',
        container: name,
        reason: 'CreateContainerError',
        message: 'sandbox is gone',
      });
      return;
    }
    const id = Buffer.from(node.random.bytes(16)).toString('hex');
    let created = false;
    try {
      const spec = await makeContainerSpec({
        node,
        pod,
        container,
        attempt,
        id,
        sandbox: sandbox.spec,
        image,
        imageReference: container.image ?? '',
        volumes: worker.volumes,
        downward: worker.downward(),
        podFiles: sandbox.files,
      });
      await runtime.createContainer(spec);
      created = true;
      worker.tell('Normal', 'Created', `Created container: ${name}`, name);
      await runtime.startContainer(id);
      worker.tell('Normal', 'Started', `Started container ${name}`, name);
      const status = await runtime.status(id);
      const {
        finishedAt_ms: _at,
        exitCode: _code,
        reason: _reason,
        message: _message,
        ...running
      } = await worker.runOf(status);
      worker.post({ kind: 'started', container: name, run: running });
      if (status.state === 'exited') await worker.exited(name, id);
    } catch (error) {
      await this.#failed(name, id, created, error as Error);
      await this.#lookAtSandbox();
    }
  }

  /** A start can fail because the sandbox ended: whoever missed its end hears of it here, and makes another. */
  async #lookAtSandbox(): Promise<void> {
    const { sandbox, state } = this.#worker;
    const { sandboxId } = state;
    if (sandboxId === undefined || !(await sandbox.ended(sandboxId))) return;
    if (this.#worker.state.sandboxId === sandboxId) this.#worker.post({ kind: 'sandbox-died' });
  }

  async #failed(name: string, id: string, created: boolean, error: Error): Promise<void> {
    const worker = this.#worker;
    const reason = created ? 'RunContainerError' : creationFailure(error);
    const { message } = error;
    if (!created) {
      await worker.node.images.release(id).catch(() => {});
      worker.post({ kind: 'start-failed', container: name, reason, message });
      return;
    }
    const status = await worker.runtime?.status(id).catch(() => undefined);
    const run = status && { ...(await worker.runOf(status)), message: status.message ?? message };
    worker.post({ kind: 'start-failed', container: name, reason, message, ...(run ? { run } : {}) });
  }

  #target(name: string, id: string): ProbeTarget | undefined {
    const { node, pod, runtime, state } = this.#worker;
    const container = containerSpec(pod, name);
    const ip = pod.spec?.hostNetwork ? node.addresses[0] : state.ips[0];
    return container && runtime ? { ip: ip ?? '127.0.0.1', container, containerId: id, runtime } : undefined;
  }

  async #stop(name: string, id: string, grace_ms: number): Promise<void> {
    const worker = this.#worker;
    const { node, runtime } = worker;
    const target = this.#target(name, id);
    const hook = target?.container.lifecycle?.preStop;
    let left_ms = grace_ms;
    if (hook && target && grace_ms > 0 && !this.#stopping.has(id)) {
      this.#stopping.add(id);
      const start = node.clock.monotonic();
      const error = await runHook(node.clock, target, hook, grace_ms);
      if (error !== undefined) worker.tell('Warning', 'FailedPreStopHook', `PreStopHook failed: ${error}`, name);
      left_ms = Math.max(STOP_MS_MIN, grace_ms - (node.clock.monotonic() - start));
      this.#stopping.delete(id);
    }
    try {
      await runtime?.stopContainer(id, left_ms);
    } catch (error) {
      worker.tell('Warning', 'FailedKillPod', `error killing pod: ${(error as Error).message}`);
    }
    const status = await runtime?.status(id).catch(() => undefined);
    // Nothing will be told of a container the runtime does not know any more.
    if (!status) {
      const now = node.clock.now();
      const lost = {
        id,
        attempt: worker.container(name)?.current?.attempt ?? 0,
        startedAt_ms: now,
        finishedAt_ms: now,
        exitCode: 137,
        reason: 'ContainerStatusUnknown',
      };
      worker.post({ kind: 'exited', container: name, run: lost });
    } else if (status.state === 'exited' && worker.container(name)?.phase === 'stopping') await worker.exited(name, id);
  }

  async #hook(name: string, id: string): Promise<void> {
    const target = this.#target(name, id);
    const hook = target?.container.lifecycle?.postStart;
    const error = target && hook ? await runHook(this.#worker.node.clock, target, hook, undefined) : undefined;
    this.#worker.post({ kind: 'hook', container: name, id, ...(error === undefined ? {} : { error }) });
  }

  async #probe(effect: Extract<Effect, { kind: 'probe' }>): Promise<void> {
    const { container, id, probe } = effect;
    const target = this.#target(container, id);
    const spec = probeSpec(this.#worker.pod, container, probe);
    if (!target || !spec) return;
    const result = await runProbe(target, spec);
    this.#worker.post({ kind: 'probe', container, id, probe, ...result });
  }

  async #resize(name: string, id: string): Promise<void> {
    const { node, pod, runtime } = this.#worker;
    const container = containerSpec(pod, name);
    if (!container) return;
    const limits = limitsOf(node, pod, container);
    await runtime?.updateResources(id, limits);
  }

  async remove(id: string): Promise<void> {
    await this.#worker.runtime?.removeContainer(id);
    await this.#worker.node.images.release(id);
  }
}
