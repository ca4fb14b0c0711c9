import { faultCatalogue } from '../../base/index.ts';

/** What can go wrong with a run that a scenario's text is not to blame for. */
export const simFaults = faultCatalogue('sim', {
  stuck: {
    kind: 'system',
    message: {
      en: 'The run did not get on for {seconds} s of real time at {moment}; {process} was last active',
      zh: '运行在 {moment} 处停滞了 {seconds} 秒(真实时间);最后活动的是 {process}',
    },
    why: {
      en: 'Virtual time only moves on when everything at an instant has happened; a loop without end never lets it',
      zh: '一个时刻的事全部发生后虚拟时间才前进;无尽循环会使其停住',
    },
    remedy: {
      en: 'Look at what {process} does at that moment; where it only has much to do, allow more time',
      zh: '请检查 {process} 在该时刻的行为;若只是工作量大,请放宽时限',
    },
  },
  'run-lost': {
    kind: 'system',
    message: { en: 'The run ended without an answer: {reason}', zh: '运行未作答即结束:{reason}' },
    remedy: {
      en: 'Where memory was short, make the world smaller or give Node more with --max-old-space-size',
      zh: '若内存不足,请缩小模拟世界,或用 --max-old-space-size 增大 Node 的内存上限',
    },
  },
  refused: {
    kind: 'user',
    message: { en: 'The API did not take {what}: {reason}', zh: 'API 未接受 {what}:{reason}' },
  },
  'not-true': {
    kind: 'user',
    message: {
      en: 'At {moment} this does not hold: {expression} ({seen})',
      zh: '在 {moment} 不成立:{expression}({seen})',
    },
  },
  'never-true': {
    kind: 'user',
    message: {
      en: 'Within {within} until {moment} this did not become true: {expression} ({seen})',
      zh: '在 {within} 内(至 {moment})始终不成立:{expression}({seen})',
    },
  },
  'broken-invariant': {
    kind: 'user',
    message: {
      en: 'At {moment} {invariant} was broken: {about}: {reason}',
      zh: '在 {moment},{invariant} 被破坏:{about}:{reason}',
    },
  },
  'run-stopped': {
    kind: 'user',
    message: { en: 'The run ended at {moment}: {reason}', zh: '运行在 {moment} 结束:{reason}' },
  },
  'unknown-kind': {
    kind: 'user',
    message: { en: 'No kind is called "{kind}"', zh: '没有名为“{kind}”的类型' },
    remedy: { en: 'Use a name kubectl takes: pods, deploy, hpa', zh: '请使用 kubectl 接受的名称,如 pods、deploy、hpa' },
  },
  'bad-duration': {
    kind: 'user',
    message: { en: '"{text}" is no duration', zh: '“{text}”不是时长' },
    remedy: {
      en: 'Write 90s, 1h30m, 250ms, or milliseconds as a number',
      zh: '请写 90s、1h30m、250ms,或以毫秒数字表示',
    },
  },
  'not-open': {
    kind: 'user',
    message: { en: 'This cluster is closed', zh: '该集群已关闭' },
    remedy: { en: 'Ask before the end of "await using"', zh: '请在 await using 的作用域结束前使用' },
  },
  'restored-otherwise': {
    kind: 'system',
    message: {
      en: 'Restoring came to another run: hash {got} at {moment}, and the snapshot says {wanted}',
      zh: '恢复得到了不同的运行:{moment} 处哈希为 {got},快照为 {wanted}',
    },
    why: { en: 'A snapshot is only good with the same revision of the program', zh: '快照仅对同一程序版本有效' },
  },
});
