import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { kinds } from '../../kernel/index.ts';
import { isOverwritten } from './status.ts';

const ready = (status: string) => ({ type: 'Ready', status }) as kinds.PodCondition;
const pod = (status?: kinds.PodStatus): kinds.Pod => ({ metadata: {}, ...(status ? { status } : {}) }) as kinds.Pod;

test('a status that somebody wrote over is told from one that is only known late', () => {
  const mine: kinds.PodStatus = { phase: 'Running', conditions: [ready('True')] };
  const rows: readonly (readonly [kinds.PodStatus | undefined, boolean])[] = [
    [undefined, false],
    [{ phase: 'Running', conditions: [ready('True')] }, false],
    [{ phase: 'Running', conditions: [ready('False')] }, true],
    [
      {
        phase: 'Running',
        conditions: [ready('True'), { type: 'DisruptionTarget', status: 'True' } as kinds.PodCondition],
      },
      false,
    ],
    [{ phase: 'Running', conditions: [] }, false],
    [{ phase: 'Failed', conditions: [ready('True')] }, true],
  ];
  for (const [there, wanted] of rows) assert.equal(isOverwritten(pod(there), mine), wanted, JSON.stringify(there));
});
