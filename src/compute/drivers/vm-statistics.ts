import { lowerRead } from '../dialects/microvm/programs.ts';
import type { ContainerStats } from '../model.ts';
import type { GuestLink } from './vm-agent.ts';
import { finish } from './vm-machines.ts';

const FILES = ['cpu.stat', 'memory.current', 'memory.stat', 'pids.current'];

/** What the guest printed, by `group file`. */
function parts(text: string): ReadonlyMap<string, string> {
  return new Map(
    `\n${text}`
      .split('\n=')
      .slice(1)
      .map(part => {
        const end = part.indexOf('\n');
        return [part.slice(0, end), part.slice(end + 1)] as const;
      }),
  );
}

const field = (text: string, name: string): number => Number(new RegExp(`^${name} (\\d+)`, 'm').exec(text)?.[1] ?? 0);

/** What containers use, as the guest's kernel counts it. */
export async function readStatistics(
  link: GuestLink,
  ids: readonly string[],
  at_ms: number,
): Promise<readonly ContainerStats[]> {
  const read = parts((await finish(link, id => lowerRead(id, ids, FILES))).toString('latin1'));
  return ids.flatMap(id => {
    const of = (file: string): string => read.get(`${id} ${file}`) ?? '';
    if (of('memory.stat') === '') return [];
    const memory_bytes = Number.parseInt(of('memory.current'), 10) || 0;
    return [
      {
        id,
        at_ms,
        cpu_ns: field(of('cpu.stat'), 'usage_usec') * 1000,
        memory_bytes,
        workingSet_bytes: Math.max(0, memory_bytes - field(of('memory.stat'), 'inactive_file')),
        rss_bytes: field(of('memory.stat'), 'anon'),
        pids: Number.parseInt(of('pids.current'), 10) || 0,
      },
    ];
  });
}

/** Whether the guest's kernel killed for memory in a container. */
export async function wasKilledForMemory(link: GuestLink, id: string): Promise<boolean> {
  try {
    const text = (await finish(link, guestId => lowerRead(guestId, [id], ['memory.events']))).toString('latin1');
    return field(text, 'oom_kill') > 0;
  } catch {
    return false;
  }
}
