import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { kinds } from '../../kernel/index.ts';
import { adopt } from './adopt.ts';
import { type Effect, type Input, initialState, type PodState, type Run } from './state.ts';
import { statusOf } from './status.ts';
import { step } from './step.ts';

const START = Date.UTC(2026, 0, 1);

/** A pod under the engine in told time; effects are remembered as short words. */
class Story {
  now_ms = START;
  state: PodState;
  wakeAt_ms: number | undefined;
  said: string[] = [];
  ids = 0;

  constructor(spec: Partial<kinds.PodSpec>, metadata: Record<string, unknown> = {}) {
    this.state = initialState(pod(spec, metadata), this.now_ms, this.now_ms);
    this.tell({ kind: 'tick' });
  }

  tell(input: Input): this {
    const before = JSON.stringify(this.state);
    const result = step(this.state, input, { now_ms: this.now_ms });
    assert.equal(JSON.stringify(this.state), before, 'a step changed the state it was given');
    this.state = result.state;
    this.wakeAt_ms = result.wakeAt_ms;
    this.said.push(...result.effects.map(words));
    return this;
  }

  wait(by_ms: number): this {
    this.now_ms += by_ms;
    return this.tell({ kind: 'tick' });
  }

  /** What was asked for since the last call, without events. */
  asked(): string[] {
    const asked = this.said.filter(text => !text.startsWith('event'));
    this.said = [];
    return asked;
  }

  prepared(): this {
    return this.tell({ kind: 'volumes' }).tell({ kind: 'sandbox', id: 's1', ips: ['10.0.0.1'] });
  }

  image(container: string): this {
    return this.tell({ kind: 'image', container, imageId: 'i', image: 'img' });
  }

  started(container: string): this {
    const state = this.state.containers.find(({ name }) => name === container)!;
    const run: Run = { id: `r${++this.ids}`, attempt: state.attempts, startedAt_ms: this.now_ms };
    return this.tell({ kind: 'started', container, run });
  }

  up(container: string): this {
    return this.image(container).started(container);
  }

  exited(container: string, exitCode: number): this {
    const { current } = this.state.containers.find(({ name }) => name === container)!;
    return this.tell({
      kind: 'exited',
      container,
      run: { ...current!, exitCode, finishedAt_ms: this.now_ms, reason: exitCode === 0 ? 'Completed' : 'Error' },
    });
  }

  probe(container: string, probe: 'startup' | 'liveness' | 'readiness', success: boolean): this {
    const id = this.state.containers.find(({ name }) => name === container)!.current!.id;
    return this.tell({ kind: 'probe', container, id, probe, success, output: 'no' });
  }

  status(): kinds.PodStatus {
    return statusOf(this.state, { now_ms: this.now_ms, hostIps: ['192.0.2.1'], runtimeName: 'tenon' });
  }

  ready(): string | undefined {
    return this.status().conditions?.find(({ type }) => type === 'Ready')?.status;
  }

  waiting(index = 0): string {
    return this.status().containerStatuses?.[index]?.state?.waiting?.reason ?? '';
  }
}

const words = (effect: Effect): string => {
  if (effect.kind === 'event') return `event ${effect.reason}: ${effect.message}`;
  if (effect.kind === 'stop') return `stop ${effect.container} ${effect.grace_ms}`;
  if (effect.kind === 'probe') return `probe ${effect.container} ${effect.probe}`;
  return 'container' in effect ? `${effect.kind} ${effect.container}` : effect.kind;
};

const pod = (spec: Partial<kinds.PodSpec>, metadata: Record<string, unknown> = {}): kinds.Pod =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'd', uid: 'u', ...metadata },
    spec: { restartPolicy: 'Always', containers: [{ name: 'c', image: 'img' }], ...spec },
  }) as kinds.Pod;

const main = (extra: Record<string, unknown> = {}): kinds.Container[] =>
  [{ name: 'c', image: 'img', ...extra }] as kinds.Container[];

describe('pod engine', () => {
  it('brings up volumes and sandbox together, then pulls, then starts', () => {
    const story = new Story({});
    assert.deepEqual(story.asked(), ['volumes', 'sandbox']);
    assert.equal(story.status().phase, 'Pending');
    assert.equal(story.waiting(), 'ContainerCreating');
    assert.deepEqual(story.prepared().asked(), ['pull c']);
    assert.deepEqual(story.image('c').asked(), ['start c']);
    story.started('c');
    assert.deepEqual([story.status().phase, story.ready(), story.status().podIP], ['Running', 'True', '10.0.0.1']);
  });

  it('restarts at once, then after 10, 20, 40 … 300 seconds, and forgets after ten minutes', () => {
    const story = new Story({}).prepared().up('c');
    story.asked();
    assert.deepEqual(story.exited('c', 1).asked(), ['pull c']);
    for (const delay_s of [10, 20, 40, 80, 160, 300, 300]) {
      story.up('c').exited('c', 1);
      assert.equal(story.waiting(), 'CrashLoopBackOff', `${delay_s}`);
      story.asked();
      assert.deepEqual(story.wait(delay_s * 1000 - 1).asked(), [], `${delay_s}`);
      assert.deepEqual(story.wait(1).asked(), ['pull c'], `${delay_s}`);
    }
    story.up('c').wait(601_000).exited('c', 0);
    assert.equal(story.waiting(), 'ContainerCreating');
    assert.equal(story.status().containerStatuses?.[0]?.restartCount, 8);
  });

  it("writes kubelet's words for back-off", () => {
    const story = new Story({}).prepared().up('c').exited('c', 1).up('c').exited('c', 1);
    const { waiting } = story.status().containerStatuses![0]!.state!;
    assert.equal(waiting?.message, 'back-off 10s restarting failed container=c pod=p_d(u)');
    assert.ok(story.said.includes('event BackOff: Back-off restarting failed container c in pod p_d(u)'));
  });

  const ends: [policy: string, codes: number[], phase: string][] = [
    ['Never', [0], 'Succeeded'],
    ['Never', [1], 'Failed'],
    ['OnFailure', [0], 'Succeeded'],
    ['OnFailure', [1], 'Running'],
    ['Always', [0], 'Running'],
  ];
  for (const [policy, codes, phase] of ends) {
    it(`is ${phase} after ${codes.join()} with restartPolicy ${policy}`, () => {
      const story = new Story({ restartPolicy: policy }).prepared().up('c');
      for (const code of codes) story.exited('c', code);
      assert.equal(story.status().phase, phase);
    });
  }

  it('runs init containers one by one and fails the pod when one fails for good', () => {
    const initContainers = [
      { name: 'a', image: 'img' },
      { name: 'b', image: 'img' },
    ] as kinds.Container[];
    const story = new Story({ initContainers, restartPolicy: 'Never' }).prepared();
    assert.deepEqual(story.asked(), ['volumes', 'sandbox', 'pull a']);
    assert.equal(story.waiting(), 'PodInitializing');
    assert.deepEqual(story.up('a').exited('a', 0).asked(), ['start a', 'pull b']);
    assert.deepEqual(story.up('b').exited('b', 2).asked(), ['start b', 'stop-sandbox']);
    assert.equal(story.status().phase, 'Failed');
  });

  it("waits for a sidecar's startup, restarts it, and ends it after the main containers", () => {
    const initContainers = [
      { name: 'side', image: 'img', restartPolicy: 'Always', startupProbe: {} },
    ] as kinds.Container[];
    const story = new Story({ initContainers, restartPolicy: 'Never' }).prepared().up('side');
    story.asked();
    assert.deepEqual(story.probe('side', 'startup', true).asked(), ['pull c']);
    story.up('c');
    assert.equal(story.status().phase, 'Running');
    assert.deepEqual(story.exited('side', 1).asked(), ['start c', 'pull side']);
    story.up('side').asked();
    assert.deepEqual(story.exited('c', 0).asked(), ['stop side 30000']);
    assert.deepEqual(story.exited('side', 143).asked(), ['stop-sandbox']);
    assert.equal(story.status().phase, 'Succeeded');
  });

  it('is ready with the first success, and probes faster until then without counting failures', () => {
    const story = new Story({ containers: main({ readinessProbe: { periodSeconds: 10, failureThreshold: 3 } }) })
      .prepared()
      .up('c');
    assert.ok(story.asked().includes('probe c readiness'));
    assert.equal(story.ready(), 'False');
    story.probe('c', 'readiness', false);
    assert.ok(story.wakeAt_ms! - story.now_ms <= 40);
    assert.deepEqual(story.wait(40).asked(), ['probe c readiness']);
    assert.equal(story.probe('c', 'readiness', true).ready(), 'True');
    assert.equal(story.wakeAt_ms! - START, 10_000);
    for (let failed = 0; failed < 3; failed++) {
      assert.equal(story.ready(), 'True');
      story.wait(story.wakeAt_ms! - story.now_ms).probe('c', 'readiness', false);
    }
    assert.equal(story.ready(), 'False');
  });

  it('holds liveness until startup, then restarts after failureThreshold', () => {
    const containers = main({
      startupProbe: { periodSeconds: 1 },
      livenessProbe: { periodSeconds: 1, failureThreshold: 2, terminationGracePeriodSeconds: 3 },
    });
    const story = new Story({ containers }).prepared().up('c');
    assert.deepEqual(
      story.asked().filter(text => text.startsWith('probe')),
      ['probe c startup'],
    );
    assert.deepEqual(story.probe('c', 'startup', true).asked(), ['probe c liveness']);
    story.probe('c', 'liveness', false).wait(1000).probe('c', 'liveness', false);
    assert.deepEqual(story.asked(), ['probe c liveness', 'stop c 3000']);
    assert.deepEqual(story.exited('c', 137).asked(), ['pull c']);
  });

  it('runs the deletion handshake: stop, sandbox, clean, delete', () => {
    const story = new Story({}).prepared().up('c');
    story.asked();
    const gone = { deletionTimestamp: new Date(START + 5000).toISOString(), deletionGracePeriodSeconds: 5 };
    assert.deepEqual(story.tell({ kind: 'spec', pod: pod({}, gone) }).asked(), ['stop c 5000']);
    const now = { deletionTimestamp: new Date(START).toISOString(), deletionGracePeriodSeconds: 0 };
    assert.deepEqual(story.tell({ kind: 'spec', pod: pod({}, now) }).asked(), ['stop c 0']);
    assert.deepEqual(story.exited('c', 137).asked(), ['stop-sandbox']);
    assert.equal(story.status().phase, 'Failed');
    assert.deepEqual(story.tell({ kind: 'sandbox-stopped' }).asked(), ['clean']);
    assert.deepEqual(story.tell({ kind: 'cleaned' }).asked(), ['delete']);
    assert.deepEqual(story.tell({ kind: 'tick' }).asked(), []);
  });

  it('ends a pod at its deadline', () => {
    const story = new Story({ activeDeadlineSeconds: 60 }).prepared().up('c');
    assert.equal(story.wakeAt_ms, START + 60_000);
    story.asked();
    assert.deepEqual(story.wait(60_000).asked(), ['stop c 30000']);
    story.exited('c', 143);
    assert.deepEqual([story.status().phase, story.status().reason], ['Failed', 'DeadlineExceeded']);
  });

  it('shows ErrImagePull, then ImagePullBackOff, and tries again', () => {
    const story = new Story({}).prepared();
    story.asked();
    story.tell({ kind: 'image-failed', container: 'c', reason: 'ErrImagePull', message: 'gone' });
    assert.equal(story.waiting(), 'ErrImagePull');
    assert.equal(story.wait(1000).waiting(), 'ImagePullBackOff');
    assert.deepEqual(story.wait(9000).asked(), ['pull c']);
  });

  it('makes another sandbox when one dies, after its containers are gone', () => {
    const story = new Story({}).prepared().up('c');
    story.asked();
    assert.deepEqual(story.tell({ kind: 'sandbox-died' }).asked(), []);
    assert.deepEqual(story.exited('c', 137).asked(), ['sandbox']);
    assert.deepEqual(story.tell({ kind: 'sandbox', id: 's2', ips: ['10.0.0.2'] }).asked(), ['pull c']);
    assert.equal(story.status().podIP, '10.0.0.2');
  });

  it('honours readiness gates and keeps conditions of others', () => {
    const conditions = [{ type: 'gate', status: 'False' }];
    const story = new Story({ readinessGates: [{ conditionType: 'gate' }] }).prepared().up('c');
    story.tell({
      kind: 'spec',
      pod: { ...pod({ readinessGates: [{ conditionType: 'gate' }] }), status: { conditions } } as kinds.Pod,
    });
    const found = story.status().conditions!;
    assert.equal(found.find(({ type }) => type === 'Ready')?.reason, 'ReadinessGatesNotReady');
    assert.equal(found.find(({ type }) => type === 'ContainersReady')?.status, 'True');
    assert.ok(found.some(({ type }) => type === 'gate'));
  });

  it('resizes in place, or restarts where the policy says so', () => {
    const resized = (policy: string): kinds.Pod =>
      pod({
        containers: main({
          resources: { limits: { cpu: '2' } },
          resizePolicy: [{ resourceName: 'cpu', restartPolicy: policy }],
        }),
      });
    const story = new Story({}).prepared().up('c');
    story.asked();
    assert.deepEqual(story.tell({ kind: 'spec', pod: resized('NotRequired') }).asked(), ['update-resources c']);
    const other = new Story({}).prepared().up('c');
    other.asked();
    assert.deepEqual(other.tell({ kind: 'spec', pod: resized('RestartContainer') }).asked(), ['stop c 30000']);
  });

  it('adopts what runs without starting it again', () => {
    const running = { container: 'c', run: { id: 'r9', attempt: 2, startedAt_ms: START }, imageId: 'i', alive: true };
    const state = adopt(
      initialState(pod({}), START, START),
      { sandbox: { id: 's', attempt: 0, ready: true, ips: ['10.0.0.9'] }, runs: [running] },
      START,
      START,
    );
    const result = step(state, { kind: 'tick' }, { now_ms: START });
    assert.deepEqual(result.effects.map(words), ['volumes']);
    const status = statusOf(result.state, { now_ms: START, hostIps: [], runtimeName: 'tenon' });
    assert.deepEqual([status.phase, status.containerStatuses?.[0]?.restartCount], ['Running', 2]);
  });
});
