import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { kinds } from '../../kernel/index.ts';
import { adopt, type Found } from './adopt.ts';
import { initialState, type PodState } from './state.ts';
import { step } from './step.ts';

const WALL = Date.UTC(2026, 0, 1);
const HOUR_MS = 3_600_000;
/** The monotonic clock of a machine that was started a little while ago. */
const NOW_MS = 5_000;

const pod = (spec: Partial<kinds.PodSpec>, startTime_ms = WALL): kinds.Pod =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'd', uid: 'u' },
    spec: { restartPolicy: 'Always', containers: [{ name: 'c', image: 'img' }], ...spec },
    status: { startTime: new Date(startTime_ms).toISOString() },
  }) as kinds.Pod;

const ended = (finishedAt_ms: number): Found => ({
  sandbox: { id: 's', attempt: 0, ready: true, ips: ['10.0.0.9'] },
  runs: [
    {
      container: 'c',
      run: { id: 'r', attempt: 0, startedAt_ms: WALL, finishedAt_ms, exitCode: 1 },
      imageId: 'i',
      alive: false,
    },
  ],
});

/** The state a restarted agent has of a pod, and when it next has to look. */
function adopted(spec: Partial<kinds.PodSpec>, found: Found, wall_ms: number): { state: PodState; wakeAt_ms?: number } {
  const state = adopt(initialState(pod(spec), wall_ms, NOW_MS), found, wall_ms, NOW_MS);
  return step(state, { kind: 'volumes' }, { now_ms: NOW_MS });
}

const phase = ({ state }: { state: PodState }): string => state.containers[0]!.phase;

describe('an agent that starts again after the wall clock was put', () => {
  const directions: [string, number][] = [
    ['back', -HOUR_MS],
    ['forward', HOUR_MS],
    ['not at all', 0],
  ];
  for (const [direction, by_ms] of directions) {
    it(`${direction}: starts what had ended`, () => {
      assert.equal(phase(adopted({}, ended(WALL + 1000), WALL + 1000 + by_ms)), 'pulling');
    });
  }

  it('forward: a deadline that has passed by what is known ends the pod; back: it has all its time', () => {
    const spec = { activeDeadlineSeconds: 60 };
    const found: Found = {
      sandbox: { id: 's', attempt: 0, ready: true, ips: [] },
      runs: [{ container: 'c', run: { id: 'r', attempt: 0, startedAt_ms: WALL }, imageId: 'i', alive: true }],
    };
    assert.equal(adopted(spec, found, WALL + HOUR_MS).state.ending?.reason, 'DeadlineExceeded');
    const back = adopted(spec, found, WALL - HOUR_MS);
    assert.deepEqual([back.state.ending, back.wakeAt_ms], [undefined, NOW_MS + 60_000]);
    const after = adopted(spec, found, WALL + 20_000);
    assert.equal(after.wakeAt_ms, NOW_MS + 40_000);
  });

  it('tells wall times in statuses and waits by the other clock', () => {
    const state = initialState(pod({ activeDeadlineSeconds: 60 }), WALL, NOW_MS);
    assert.equal(state.startedAt_ms, WALL);
    assert.equal(step(state, { kind: 'tick' }, { now_ms: NOW_MS }).wakeAt_ms, NOW_MS + 60_000);
  });

  it('a grace period is counted from where the node hears of it, whatever the time of the one who deletes', () => {
    for (const by_ms of [-HOUR_MS, 0, HOUR_MS]) {
      const running = adopted({}, { ...ended(WALL), runs: [{ ...ended(WALL).runs[0]!, alive: true }] }, WALL).state;
      const metadata = {
        ...running.pod.metadata,
        deletionTimestamp: new Date(WALL + by_ms).toISOString(),
        deletionGracePeriodSeconds: 5,
      };
      const { effects } = step(running, { kind: 'spec', pod: { ...running.pod, metadata } }, { now_ms: NOW_MS });
      assert.deepEqual(
        effects.flatMap(effect => (effect.kind === 'stop' ? [effect.grace_ms] : [])),
        [5000],
      );
    }
  });
});
