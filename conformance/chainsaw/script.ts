import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isObject, type Json, type JsonObject } from '../../src/kernel/index.ts';
import { testPorts } from '../../src/cli/kyverno-files.ts';
import { fill, NotRun, type Scene, StepFailure } from './operations.ts';
import { PACE, type Programs } from './programs.ts';
import { assertTree } from './tree.ts';

const TURN_MS = 15;
const TIMEOUT_MS = 8_000;
const OUTPUT_LENGTH_MAX = 1_000_000;

interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly error: string | null;
}

/** Runs a `script` or `command` step and judges it by its `check`; a program that fails fails a step without one. */
export async function programStep(
  scene: Scene,
  step: JsonObject,
  kubeconfig: string,
  programs: Programs,
  file: string,
): Promise<void> {
  const [command, args] = commandOf(step, scene.bindings);
  const folder = programs.folderOf(file);
  for (const [, name = ''] of [command, ...args].join(' ').matchAll(/(?<![\w/.])\.\/([\w.-]+\.sh)\b/g))
    if (!existsSync(join(folder, name))) throw new NotRun(`the program ${name} is not in the suite`);
  const env: Record<string, string> = {
    PATH: programs.path,
    HOME: programs.home,
    KUBECONFIG: kubeconfig,
    NAMESPACE: scene.namespace,
  };
  for (const each of Array.isArray(step.env) ? step.env.filter(isObject) : [])
    env[String(each.name)] = String(fill(each.value ?? '', scene.bindings));
  const { stdout, stderr, error } = await runProgram(scene, command, args, folder, env);
  await scene.cluster.settle();
  if (step.check === undefined) {
    if (error !== null) throw new StepFailure(`${error}: ${stderr.trim().slice(-600)}`);
    return;
  }
  const scope = { bindings: { ...scene.bindings, error, stdout, stderr }, ports: testPorts };
  const wrong = assertTree(step.check, null, scope);
  if (wrong !== undefined) throw new StepFailure(`${wrong} (${error ?? 'no error'}; ${stderr.trim().slice(-600)})`);
}

function commandOf(step: JsonObject, bindings: JsonObject): [string, readonly string[]] {
  if (typeof step.content === 'string') return ['/bin/sh', ['-c', step.content]];
  const args = Array.isArray(step.args) ? step.args : [];
  return [String(step.entrypoint), args.map((each: Json) => String(fill(each, bindings)))];
}

/** The cluster's time goes on while the program runs. */
async function runProgram(
  scene: Scene,
  command: string,
  args: readonly string[],
  cwd: string,
  env: Record<string, string>,
): Promise<Outcome> {
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  let ended: string | null | undefined;
  const end = new Promise<void>(resolve => {
    child.once('error', error => {
      ended ??= error.message;
      resolve();
    });
    child.once('close', (code, signal) => {
      ended ??= code === 0 ? null : `exit status ${code ?? signal}`;
      resolve();
    });
  });
  const limit = setTimeout(() => {
    ended = 'context deadline exceeded';
    try {
      process.kill(-child.pid!, 'SIGKILL');
    } catch {
      // It ended by itself in the meantime.
    }
  }, TIMEOUT_MS);
  let last_ms = performance.now();
  while (ended === undefined) {
    await Promise.race([end, new Promise(resolve => setTimeout(resolve, TURN_MS))]);
    const now_ms = performance.now();
    await scene.cluster.run((now_ms - last_ms) * PACE);
    last_ms = now_ms;
  }
  await end;
  clearTimeout(limit);
  return { stdout: stdout(), stderr: stderr(), error: ended };
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (part: string) => {
    if (text.length < OUTPUT_LENGTH_MAX) text += part;
  });
  return () => text;
}
