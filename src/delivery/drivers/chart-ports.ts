import { randomInt } from 'node:crypto';
import type { ChartPorts } from '../dialects/helm/sprig-world.ts';

/** Chance and time of this machine, for charts that ask for them. */
export const chartPorts = (): ChartPorts => ({
  chance: limit => (limit <= 1 ? 0 : randomInt(limit)),
  now_ms: () => Date.now(),
});
