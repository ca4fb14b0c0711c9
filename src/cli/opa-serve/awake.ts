import { availableParallelism } from 'node:os';

/** How long a server waits awake for the next request: longer than a client on the same machine takes to ask again. */
const AWAKE_MS = 0.1;

/**
 * A thread that sleeps between two requests of one client is woken for each; that takes longer than deciding does.
 * Called after each answer, the returned function keeps the event loop turning for 100 us: it looks for
 * requests without sleeping, serves whatever comes meanwhile, and sleeps when nothing came. An idle server
 * sleeps as before. Where there is one core alone nothing is kept awake: the client needs it.
 */
export function keepAwake(): () => void {
  if (availableParallelism() === 1) return () => undefined;
  let [until, isTurning] = [0, false];
  const turn = (): void => {
    isTurning = performance.now() < until;
    if (isTurning) setImmediate(turn);
  };
  return () => {
    until = performance.now() + AWAKE_MS;
    if (isTurning) return;
    isTurning = true;
    setImmediate(turn);
  };
}
