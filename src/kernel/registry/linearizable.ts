/** One finished call on one object; `call` and `end` are places in one order of all calls and returns. */
export interface Call {
  readonly call: number;
  readonly end: number;
  readonly operation:
    | { readonly verb: 'create'; readonly value: string }
    | { readonly verb: 'get' }
    | { readonly verb: 'replace'; readonly value: string; readonly expected: string }
    | { readonly verb: 'delete' };
  /** What was answered: a version and value, gone (delete done), missing (404) or conflict (409). */
  readonly result:
    | { readonly kind: 'stored'; readonly version: string; readonly value: string }
    | { readonly kind: 'gone' | 'missing' | 'conflict' };
}

type State = { readonly version: string; readonly value: string } | undefined;

/** The object after a call that took effect at one instant, or 'no' when the answer could not have been given then. */
function apply(state: State, { operation, result }: Call): State | 'no' {
  switch (operation.verb) {
    case 'create':
      if (result.kind === 'conflict') return state ? state : 'no';
      return result.kind === 'stored' && !state ? { version: result.version, value: operation.value } : 'no';
    case 'get':
      if (result.kind === 'missing') return state ? 'no' : state;
      return result.kind === 'stored' && state?.version === result.version && state.value === result.value
        ? state
        : 'no';
    case 'replace':
      if (result.kind === 'missing') return state ? 'no' : state;
      if (result.kind === 'conflict') return state && state.version !== operation.expected ? state : 'no';
      return result.kind === 'stored' && state?.version === operation.expected
        ? { version: result.version, value: operation.value }
        : 'no';
    case 'delete':
      if (result.kind === 'missing') return state ? 'no' : state;
      return result.kind === 'gone' && state ? undefined : 'no';
  }
}

/**
 * Looks for one order of the calls that explains every answer and respects real time (Wing and Gong; seen positions are
 * remembered as Lowe proposes). At most 60 calls: positions are bits of a number pair.
 */
export function isLinearizable(calls: readonly Call[]): boolean {
  const sorted = calls.toSorted((left, right) => left.call - right.call);
  const seen = new Set<string>();
  const all = (1n << BigInt(sorted.length)) - 1n;
  const search = (done: bigint, state: State): boolean => {
    if (done === all) return true;
    const position = `${done} ${state?.version ?? ''}`;
    if (seen.has(position)) return false;
    seen.add(position);
    let soonest = Number.POSITIVE_INFINITY;
    for (const [index, call] of sorted.entries())
      if (!(done & (1n << BigInt(index)))) soonest = Math.min(soonest, call.end);
    for (const [index, call] of sorted.entries()) {
      const bit = 1n << BigInt(index);
      // A call that began after another one had ended cannot take effect before it.
      if (done & bit || call.call > soonest) continue;
      const next = apply(state, call);
      if (next !== 'no' && search(done | bit, next)) return true;
    }
    return false;
  };
  return search(0n, undefined);
}
