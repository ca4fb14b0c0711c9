/** What is asked of every point: who did it, and where. */
const CONTEXT = [
  'time',
  'thread_id',
  'group_id',
  'container_id',
  'credentials',
  'cwd',
  'process_name',
  'parent_thread_group_id',
  'is_exec_session',
];

/** Calls by which a program reaches files, peers and other rights, and their numbers on x86-64. Told when they end: with what came of them. */
const CALLS: readonly (readonly [name: string, number: number, described?: boolean])[] = [
  ['open', 2],
  ['socket', 41],
  ['connect', 42, true],
  ['accept', 43, true],
  ['bind', 49, true],
  ['listen', 50, true],
  ['chdir', 80],
  ['creat', 85, true],
  ['ptrace', 101],
  ['setuid', 105],
  ['setgid', 106],
  ['setsid', 112],
  ['setresuid', 117],
  ['setresgid', 119],
  ['chroot', 161],
  ['openat', 257, true],
  ['accept4', 288, true],
  ['prlimit64', 302],
];

/** Names of the calls that are asked for, by number. */
export const CALL_NAMES: ReadonlyMap<number, string> = new Map(CALLS.map(([name, number]) => [number, name]));

const LIFE = ['container/start', 'sentry/clone', 'sentry/execve', 'sentry/task_exit'];

/** How often the kernel tries again, and so holds the process up for a moment, before an event is dropped. */
const RETRIES = 3;

/**
 * A trace session (gVisor, "Runtime Monitoring": `--pod-init-config`, `runsc trace create --config`) that sends what processes
 * do to the socket at `endpoint`. A sandbox that cannot reach it does not start.
 */
export function traceSession(endpoint: string): Record<string, unknown> {
  const call = ([name, , described]: (typeof CALLS)[number]): Record<string, unknown> => ({
    name: `syscall/${name}/exit`,
    context_fields: CONTEXT,
    ...(described ? { optional_fields: ['fd_path'] } : {}),
  });
  return {
    name: 'Default',
    points: [
      ...LIFE.map(name => ({
        name,
        context_fields: CONTEXT,
        ...(name === 'sentry/execve' ? { optional_fields: ['binary_info'] } : {}),
      })),
      ...CALLS.map(call),
    ],
    sinks: [{ name: 'remote', config: { endpoint, retries: RETRIES } }],
  };
}
