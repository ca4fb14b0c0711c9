/** Runtimes by their own command lines, without a pod around the container: what ours adds is measured against them. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { crun } from '../src/compute/dialects/crun/dialect.ts';
import { stageAtOnce } from './compute-stage.ts';

const run = promisify(execFile);
const ARGS = ['/bin/sleep', '1000'];

export async function timed(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await action();
  return performance.now() - start;
}

/** Without pipes: a detached container keeps them open. */
function quietly(program: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'ignore' });
    child.once('error', reject);
    child.once('exit', code => (code === 0 ? resolve() : reject(new Error(`${program} alone ended with ${code}`))));
  });
}

/** The runtime's own default bundle (`runc spec`) over the folder the test image was made of. */
async function writeBundle(scratch: string, name: string): Promise<string> {
  const bundle = join(scratch, name);
  mkdirSync(bundle, { recursive: true });
  await run('runc', ['spec', '--bundle', bundle]);
  const { default: spec } = (await import(join(bundle, 'config.json'), { with: { type: 'json' } })) as {
    default: { process: Record<string, unknown>; root: Record<string, unknown> };
  };
  const process = { ...spec.process, terminal: false, args: ARGS };
  const root = { path: join(scratch, 'build/root'), readonly: true };
  writeFileSync(join(bundle, 'config.json'), JSON.stringify({ ...spec, process, root }));
  return bundle;
}

/** `runc run` of one container on a folder of files: milliseconds. */
export async function runcAlone(scratch: string, tag: string): Promise<number> {
  const bundle = await writeBundle(scratch, `bundle-${tag}`);
  const state = ['--root', join(scratch, 'runc')];
  const id = `tenon-bench-${tag}`;
  const took = await timed(() => quietly('runc', [...state, 'run', '--detach', '--bundle', bundle, id]));
  await run('runc', [...state, 'delete', '--force', id]);
  return took;
}

/** Starts `count` containers at once by the runtime alone; milliseconds until the last of them runs. */
export async function bareAtOnce(handler: string, scratch: string, count: number, tag: string): Promise<number> {
  if (handler === 'process') return stageAtOnce(scratch, count, tag, ARGS);
  const ids = Array.from({ length: count }, (_, index) => `tenon-bare-${handler}-${tag}-${index}`);
  const bundles = await Promise.all(ids.map(id => writeBundle(scratch, id)));
  const flags = ['--root', join(scratch, `bare-${handler}`), ...(handler === 'crun' ? crun.globalFlags : [])];
  // crun refuses a machine with both hierarchies mounted: all of its runs share one mount namespace without the second.
  const unmount = handler === 'crun' ? (crun.unmount ?? []).filter(path => existsSync(path)) : [];
  const words = (...args: string[]): string => [handler, ...flags, ...args].map(word => `'${word}'`).join(' ');
  const hide = unmount.map(path => `umount '${path}' || exit 1`);
  const start = ids.map((id, index) => `${words('run', '--detach', '--bundle', bundles[index]!, id)} & all="$all $!"`);
  const wait = 'for one in $all; do wait $one || exit 1; done';
  const shell = (lines: readonly string[]): Promise<void> =>
    unmount.length > 0
      ? quietly('unshare', ['--mount', 'sh', '-c', lines.join('\n')])
      : quietly('sh', ['-c', lines.join('\n')]);
  const took = await timed(() => shell([...hide, ...start, wait]));
  await shell([...hide, ...ids.map(id => words('delete', '--force', id))]);
  return took;
}

/** What the program at PATH calls itself; of our own launcher, what it gives each container. */
export function versionOf(handler: string): string {
  if (handler === 'process') return 'own namespaces, groups and mounts';
  const text = execFileSync(handler, ['--version'], { encoding: 'utf8' });
  return /\d+\.\d+\S*/.exec(text)?.[0] ?? '';
}
