/** Every scenario of parity/ runs simulated and on the embedded node: verdicts and end state must be the same. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type RunningTenon, startTenon } from '../../../../bench/tenon.ts';
import { builtinCatalog, connectKubeconfig, type kinds, type KubeObject } from '../../../kernel/index.ts';
import { systemClock } from '../../node/ports.ts';
import type { Observed } from '../observed.ts';
import { realRooms } from '../rooms.ts';
import { ScenarioRun } from '../run.ts';
import type { Scenario } from '../scenario/model.ts';
import { FolderFiles } from '../scenario/drivers/files.ts';
import { readScenarios } from '../scenario/parse.ts';
import { differences, endState } from './end-state.ts';
import { type Guard, startGuard } from './guard.ts';
import { type LiveResult, runLive } from './live-run.ts';

const root = resolve(import.meta.dirname, '../../../..');
const folder = join(import.meta.dirname, 'parity');
const files = readdirSync(folder).filter(name => name.endsWith('.yaml'));
const skip =
  process.getuid?.() !== 0
    ? 'pods need root here'
    : !existsSync('/bin/busybox')
      ? 'busybox is absent: apt-get install busybox-static'
      : spawnSync('openssl', ['version'], { stdio: 'ignore' }).status !== 0
        ? 'openssl is absent: apt-get install openssl'
        : false;
/** What is under way at the end of a live run comes to rest within this. */
const REST_MS = 20_000;

/** Answers webhooks on this machine, while the suite runs. */
let guard: Guard | undefined;

function readOne(name: string): Scenario {
  const file = join(folder, name);
  const text = readFileSync(file, 'utf8')
    .replaceAll('GUARD_PORT', String(guard?.port ?? 1))
    .replaceAll('GUARD_CA', guard?.caBundle ?? '');
  return readScenarios(text, file, new FolderFiles(file))[0]!;
}

/** On a world of the one node there really is. */
async function simulate(
  scenario: Scenario,
  node: KubeObject,
): Promise<{ verdicts: string[]; refusals: string[]; state: ReturnType<typeof endState> }> {
  const { capacity = {} } = (node as kinds.Node & KubeObject).status ?? {};
  const [group] = scenario.world.nodes;
  const nodes = [{ ...group!, names: [node.metadata.name ?? ''], capacity: capacity as Record<string, string> }];
  let seen: Observed | undefined;
  const run = await ScenarioRun.open({ ...scenario, world: { ...scenario.world, nodes } }, realRooms, {
    opened: ({ observed }) => (seen = observed),
  });
  await run.simulation.run(scenario.until_ms);
  const { expectations, refusals } = run.finish();
  return {
    verdicts: expectations.map(({ name, outcome }) => `${name}: ${outcome}`),
    refusals: refusals.map(({ what, message }) => `${what}: ${message}`),
    state: endState(seen!.objects(), scenario.name),
  };
}

/** `tenon record` of a running Tenon; `end` is Ctrl-C, and gives what it said. */
async function startRecording(state: string, into: string): Promise<{ process: ChildProcess; end(): Promise<string> }> {
  const child = spawn(join(root, 'tenon'), ['record', into, '--state', state], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  await new Promise<void>((begun, failed) => {
    const take = (chunk: Buffer): void => {
      said += chunk.toString();
      if (said.includes('Recording')) begun();
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('exit', code => failed(new Error(`tenon record ended with ${code}: ${said}`)));
  });
  const end = async (): Promise<string> => {
    const ended = new Promise(resolve => child.once('exit', resolve));
    child.kill('SIGINT');
    await ended;
    return said;
  };
  return { process: child, end };
}

describe('the simulator and the embedded node come to the same', { skip, timeout: 240_000 }, () => {
  const scratch = mkdtempSync(join(tmpdir(), 'tenon-e2e-parity-'));
  const simulated = new Map<string, Awaited<ReturnType<typeof simulate>>>();
  const live = new Map<string, Promise<LiveResult>>();
  const recorded = join(scratch, 'recorded');
  let recorder: Awaited<ReturnType<typeof startRecording>> | undefined;
  let tenon: RunningTenon | undefined;
  let connection: ReturnType<typeof connectKubeconfig> | undefined;

  before(async () => {
    const image = join(scratch, 'image');
    mkdirSync(join(image, 'root/bin'), { recursive: true });
    for (const name of ['busybox', 'sh', 'sleep', 'httpd', 'nc'])
      cpSync('/bin/busybox', join(image, 'root/bin', name), { dereference: true });
    writeFileSync(join(image, 'Dockerfile'), 'FROM scratch\nCOPY root/ /\nENV PATH=/bin\n');
    const state = join(scratch, 'state');
    tenon = await startTenon(root, state, ['--offline']);
    execFileSync(join(root, 'tenon'), ['image', 'build', image, '-t', 'parity:1', '--state', state], {
      stdio: 'pipe',
      timeout: 60_000,
    });
    guard = await startGuard();
    guard.serve(files.flatMap(name => readOne(name).world.webhooks));
    connection = connectKubeconfig(tenon.kubeconfig);
    const [node] = (await connection.client.list<KubeObject>({ group: '', version: 'v1', resource: 'nodes' })).items;
    for (const name of files) simulated.set(name, await simulate(readOne(name), node!));
    recorder = await startRecording(state, recorded);
    const options = { client: connection.client, clock: systemClock, catalog: builtinCatalog() };
    for (const name of files) live.set(name, runLive(readOne(name), options));
  });
  after(async () => {
    recorder?.process.kill('SIGKILL');
    await connection?.[Symbol.asyncDispose]();
    await guard?.[Symbol.asyncDispose]();
    await tenon?.[Symbol.asyncDispose]();
    rmSync(scratch, { recursive: true, force: true });
  });

  test('there are scenarios', () => assert.ok(files.length >= 9, files.join(' ')));

  for (const name of files)
    test(name, async () => {
      const wanted = simulated.get(name)!;
      const { outcomes, refusals, settled } = await live.get(name)!;
      assert.deepEqual(
        outcomes.map(({ expectation, outcome }) => `${expectation.name}: ${outcome}`).sort(),
        [...wanted.verdicts].sort(),
      );
      assert.deepEqual(
        refusals.map(({ what, message }) => `${what}: ${message}`),
        wanted.refusals,
      );
      const namespace = readOne(name).name;
      const differs = (): string[] => differences(wanted.state, endState(settled.objects(), namespace));
      for (let waited = 0; differs().length > 0 && waited < REST_MS; waited += 250)
        await new Promise(done => setTimeout(done, 250));
      settled[Symbol.dispose]();
      assert.deepEqual(differs(), []);
      assert.ok(wanted.state.size > 0);
    });

  test('what was done meanwhile was recorded, and is replayed to the same Deployments', async () => {
    const said = await recorder!.end();
    const file = join(recorded, 'scenario.yaml');
    const scenario = readScenarios(readFileSync(file, 'utf8'), file, new FolderFiles(file))[0]!;
    const run = await ScenarioRun.open(scenario, realRooms);
    await run.simulation.run(scenario.until_ms);
    const { observables, refusals } = run.finish();
    const web = observables.deployments['rollout/web'];
    assert.deepEqual({ replicas: web?.replicas, revision: web?.revision }, { replicas: 2, revision: 2 }, said);
    assert.equal(observables.statefulsets['statefulset/db']?.replicas, 1);
    assert.equal(observables.deployments['undo/web']?.revision, 3);
    // The quota refused it on the node; nobody recorded what was never there.
    assert.deepEqual(refusals, []);
    const loads = scenario.steps.flatMap(step => (step.do === 'send' ? [step.load] : []));
    const talk = loads.find(
      ({ from, to }) =>
        from.kind === 'workload' && from.name === 'client' && to.kind === 'service' && to.name === 'web',
    );
    assert.ok(talk, `no load of the client in ${JSON.stringify(loads.map(({ name }) => name))}`);
    assert.ok(observables.traffic[talk.name]!.total > 5, JSON.stringify(observables.traffic));
  });
});
