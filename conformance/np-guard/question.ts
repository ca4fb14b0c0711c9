import type { Snapshot } from '../../src/network/analysis/snapshot.ts';
import type { Direction, Protocol } from '../../src/network/model.ts';

/** What a golden's file name asks for, beside the folder it is about. */
export interface Question {
  /** `name` or `namespace/name`; empty asks about everything. */
  readonly focus: readonly string[];
  /** The other side must be one of these. */
  readonly others: readonly string[];
  readonly direction?: Direction;
  readonly port?: { readonly protocol: Protocol; readonly port: number };
  readonly verdict?: 'allow' | 'deny';
  readonly explain: boolean;
  readonly exposure: boolean;
}

/** `ns_name` and `name` both name a workload; names hold no underscore. */
function readNames(words: string[], snapshot: Snapshot): string[] {
  const names: string[] = [];
  const isWorkload = (word: string): boolean => snapshot.workloads.some(workload => workload.name === word);
  while (words.length > 0) {
    const [first, second] = words as [string, string | undefined];
    const pair =
      second !== undefined &&
      snapshot.workloads.some(workload => workload.namespace === first && workload.name === second);
    const known = first === 'ingress-controller' || pair || isWorkload(first);
    if (!known) break;
    names.push(
      pair && !isWorkload(first)
        ? `${first}/${second}`
        : pair && isWorkload(first) && !isWorkload(second)
          ? first
          : pair
            ? `${first}/${second}`
            : first,
    );
    words.splice(0, names.at(-1)!.includes('/') ? 2 : 1);
  }
  return names;
}

/** Reads the part of a golden's name between the folder and `_output`; undefined when it says something else. */
export function readQuestion(rest: string, snapshot: Snapshot): Question | undefined {
  const words = rest.split('_').filter(word => word !== '');
  const kind = words.pop();
  if (kind !== 'connlist' && kind !== 'exposure' && kind !== 'explain') return undefined;
  const question = {
    focus: [] as string[],
    others: [] as string[],
    direction: undefined as Direction | undefined,
    port: undefined as Question['port'],
    verdict: undefined as Question['verdict'],
    explain: kind === 'explain',
    exposure: kind === 'exposure',
  };
  while (words.length > 0) {
    const word = words.shift()!;
    const port = /^(tcp|udp|sctp)-(\d+)$/i.exec(word);
    if (word === 'focus' && words[0] === 'workload') {
      words.shift();
      question.focus = readNames(words, snapshot);
    } else if (word === 'with') question.others = readNames(words, snapshot);
    else if (word === 'ingress' || word === 'egress') question.direction = word;
    else if (word === 'allow' || word === 'deny') question.verdict = word;
    else if (word === 'explain') question.explain = true;
    else if (word === 'exposure') question.exposure = true;
    else if (port) question.port = { protocol: port[1]!.toUpperCase() as Protocol, port: Number(port[2]) };
    else return undefined;
  }
  const { direction, port, verdict, ...rest2 } = question;
  return { ...rest2, ...(direction ? { direction } : {}), ...(port ? { port } : {}), ...(verdict ? { verdict } : {}) };
}
