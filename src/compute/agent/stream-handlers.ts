import { notFound, statusError } from '../../kernel/index.ts';
import type { ContainerState } from '../engine/state.ts';
import type { StreamHandlers, StreamTarget } from '../ports.ts';
import type { PodWorker } from './pod-worker.ts';
import type { Agent } from './start.ts';

/** The pod and container a stream or log is for. */
export interface Found {
  readonly worker: PodWorker;
  readonly container: ContainerState;
}

/** Finds a pod of this node. */
export function findPod(agent: Agent, target: StreamTarget): PodWorker {
  const worker = agent.worker(target.namespace, target.pod, target.uid);
  if (!worker) throw notFound({ group: '', resource: 'pods' }, target.pod);
  return worker;
}

/** Finds a container of a pod of this node; the first one when none is named. */
export function findContainer(agent: Agent, target: StreamTarget): Found {
  const worker = findPod(agent, target);
  const container = target.container
    ? worker.container(target.container)
    : worker.state.containers.find(({ kind }) => kind === 'main');
  if (!container) {
    const message = `container ${target.container} is not valid for pod ${target.pod}`;
    throw statusError(400, 'BadRequest', message);
  }
  return { worker, container };
}

function running(agent: Agent, target: StreamTarget): Found & { readonly id: string } {
  const found = findContainer(agent, target);
  const { current, phase, name } = found.container;
  if (!current || (phase !== 'running' && phase !== 'stopping'))
    throw statusError(500, 'InternalError', `unable to upgrade connection: container not found ("${name}")`);
  return { ...found, id: current.id };
}

/** exec, attach and port-forward on this node's pods. */
export function streamHandlers(agent: Agent): StreamHandlers {
  return {
    exec: async (target, options, streams) => {
      const { worker, id } = running(agent, target);
      return worker.runtime!.exec(id, options, streams);
    },
    attach: async (target, _options, streams) => {
      const { worker, id } = running(agent, target);
      return worker.runtime!.attach(id, streams);
    },
    portForward: async (target, port, connection, signal) => {
      const worker = findPod(agent, target);
      const sandbox = worker.sandbox.spec;
      if (!sandbox || worker.state.sandbox !== 'ready')
        throw statusError(500, 'InternalError', 'unable to forward port because pod is not running');
      const { runtime } = worker;
      const inside = runtime?.dial
        ? await runtime.dial(sandbox.id, port, signal)
        : await agent.node.network.dial(sandbox.id, port, signal);
      const copy = async (from: typeof inside, to: typeof inside): Promise<void> => {
        for await (const chunk of from.source) await to.sink.write(chunk);
        await to.sink.end();
      };
      try {
        await Promise.all([copy(connection, inside), copy(inside, connection)]);
      } finally {
        inside.close();
        connection.close();
      }
    },
  };
}
