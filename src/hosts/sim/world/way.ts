/** The way of a request and its answer between two places. */
import type { Random } from '../../../base/index.ts';
import { latencyOf, type Links } from '../links.ts';
import type { NetworkModel } from '../scenario/model.ts';
import { draw } from './draw.ts';

export interface Way {
  /** There and back. */
  readonly latency_ms: number;
  /** Share of the requests that get no answer because one of the two was lost. */
  readonly loss: number;
}

/** The way of one request; undefined where nothing passes one way or the other. */
export function wayBetween(
  links: Links,
  network: NetworkModel,
  from: string,
  to: string,
  random: Random,
): Way | undefined {
  if (!links.quiet && !(links.reaches(from, to) && links.reaches(to, from))) return undefined;
  const zoneOf = (place: string): string => links.zoneOf(place) ?? place;
  const plain = zoneOf(from) === zoneOf(to) ? network.within : network.between;
  const oneWay = (one: string, other: string): Way => {
    const set = links.between(one, other);
    if (set) return { latency_ms: latencyOf(set, random), loss: set.loss };
    return { latency_ms: draw(plain.latency, random), loss: plain.loss };
  };
  const there = oneWay(from, to);
  const back = oneWay(to, from);
  return { latency_ms: there.latency_ms + back.latency_ms, loss: 1 - (1 - there.loss) * (1 - back.loss) };
}
