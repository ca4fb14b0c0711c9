import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ContainerSpec, SandboxSpec } from '../model.ts';
import { openWasmRuntime } from './runtime-wasm.ts';

const clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delay_ms: number, action: () => void) => {
    const timer = setTimeout(action, delay_ms);
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Says its arguments and its environment, writes to standard error, counts with garbage to collect, and ends with 7. */
const PROGRAM = `package main

import ("fmt"; "os"; "strings")

func main() {
	fmt.Println(strings.Join(os.Args[1:], ","), os.Getenv("GREETING"))
	fmt.Fprintln(os.Stderr, "to stderr")
	words := map[string]int{}
	for i := 0; i < 100000; i++ { words[fmt.Sprint(i%97)]++ }
	fmt.Println(len(words), words["5"])
	os.Exit(7)
}
`;
const SAID = 'x,y hello\n97 1031\n';

const go = spawnSync('go', ['version']).status === 0 ? false : 'go is absent';
/** The command line of WasmEdge: TENON_WASMEDGE, for one that is unpacked with a loader of its own, else `wasmedge`. */
const wasmedge = (process.env.TENON_WASMEDGE ?? 'wasmedge').split(' ');
const noWasmedge = spawnSync(wasmedge[0]!, [...wasmedge.slice(1), '--version']).status === 0 ? false : 'no wasmedge';

describe('a module that Go made', { skip: go }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-wasm-go-'));
  const module = join(folder, 'm.wasm');
  before(() => {
    writeFileSync(join(folder, 'main.go'), PROGRAM);
    writeFileSync(join(folder, 'go.mod'), 'module m\n');
    const env = { ...process.env, GOOS: 'wasip1', GOARCH: 'wasm', GOFLAGS: '-buildvcs=false', GOTOOLCHAIN: 'local' };
    const built = spawnSync('go', ['build', '-o', module, '.'], { cwd: folder, env, timeout: 300_000 });
    assert.equal(built.status, 0, String(built.stderr));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('runs as a container', async () => {
    const runtime = await openWasmRuntime({ clock, folder: join(folder, 'run') });
    const ended = Promise.withResolvers<void>();
    runtime.subscribe(event => event.kind === 'exited' && ended.resolve());
    await runtime.runSandbox({ id: 's', pod: { namespace: 'd', name: 'p', uid: 'u' } } as SandboxSpec);
    await runtime.createContainer({
      id: 'c',
      sandboxId: 's',
      name: 'c',
      imageId: 'go',
      rootfs: { kind: 'wasm', module, world: 'command' },
      args: ['m', 'x', 'y'],
      environment: [['GREETING', 'hello']],
      mounts: [],
      devices: [],
      resources: {},
      stopSignal: 'SIGTERM',
      logPath: join(folder, 'c.log'),
    } as unknown as ContainerSpec);
    await runtime.startContainer('c');
    await ended.promise;
    const lines = readFileSync(join(folder, 'c.log'), 'utf8').split('\n').filter(Boolean);
    const of = (stream: string): string =>
      lines.flatMap(line => (line.includes(` ${stream} F `) ? [`${line.split(' F ')[1]}\n`] : [])).join('');
    assert.deepEqual([of('stdout'), of('stderr')], [SAID, 'to stderr\n']);
    assert.equal((await runtime.status('c')).exitCode, 7);
    await runtime.removeSandbox('s');
    await runtime.shutdown();
  });

  it('answers alike under WasmEdge', { skip: noWasmedge }, () => {
    const [program, ...flags] = wasmedge as [string, ...string[]];
    const run = spawnSync(program, [...flags, '--env', 'GREETING=hello', module, 'x', 'y'], { encoding: 'utf8' });
    assert.deepEqual([run.stdout, run.stderr, run.status], [SAID, 'to stderr\n', 7]);
  });
});
