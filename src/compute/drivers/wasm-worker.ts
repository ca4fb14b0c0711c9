/**
 * One Wasm container in a worker thread of its own: it can be ended at any instruction. The host loads this file and those
 * it imports as text (it may not read files any more when it needs a worker): they import each other and what Node brings.
 */
import { parentPort } from 'node:worker_threads';
import type { WorkerMessage, WorkerPreparation, WorkerTask } from './wasm-protocol.ts';
import { Exited } from './wasm-world.ts';
import { prepare, runCommand, serveComponent } from './wasm-worker-component.ts';
import { warm } from './wasm-worker-warm.ts';
import { runModule } from './wasm-worker-module.ts';

/** Exit code of a program that trapped, as wasmtime and shells have it (SIGABRT). */
const TRAPPED = 134;

const end = (error: unknown): void => {
  const message: WorkerMessage =
    error instanceof Exited
      ? { kind: 'exit', exitCode: error.exitCode }
      : { kind: 'exit', exitCode: TRAPPED, message: `${(error as Error).name}: ${(error as Error).message}` };
  parentPort!.postMessage(message);
};

function hear(message: WorkerTask | WorkerPreparation): void {
  if (message.kind === 'prepare') {
    prepare(message.scripts);
    parentPort!.once('message', hear);
    return;
  }
  const task = message;
  const work =
    task.kind === 'module' ? runModule(task) : task.kind === 'command' ? runCommand(task) : serveComponent(task, end);
  work.catch(end);
}
parentPort!.once('message', hear);

// What fails here shows when a container does it.
warm().catch(() => {});
