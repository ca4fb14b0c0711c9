import type { Call, Commit, Observer } from '../model.ts';
import { isGoing } from './view.ts';

/**
 * Pods that a controller takes away: what is to be said of it is found when the pod begins to go, and told only where the
 * controller manager's own call did it.
 */
export function deletedPods(
  why: (commit: Commit) => string | undefined,
  tell: (path: string, message: string) => void,
): Required<Pick<Observer, 'commit' | 'call'>> {
  const found = new Map<string, { readonly t: number; readonly message: string }>();
  return {
    commit(commit) {
      const { t, collection, path, object, before } = commit;
      if (collection !== 'pods' || !before || isGoing(before) || (object && !isGoing(object))) return;
      found.delete(path);
      const message = why(commit);
      if (message !== undefined) found.set(path, { t, message });
    },
    call({ t, by, verb, collection, path, code }: Call) {
      if (verb !== 'delete' || collection !== 'pods' || code !== undefined || by !== 'controller-manager') return;
      const known = found.get(path);
      if (known?.t === t) tell(path, known.message);
    },
  };
}
