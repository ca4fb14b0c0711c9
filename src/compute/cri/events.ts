import type { Written } from './codec.ts';
import { ContainerEventType, type ContainerEventResponse } from './generated/api.ts';

export type CriEvent = Written<ContainerEventResponse>;
type Deliver = (event: CriEvent) => void;

/** Who listens to GetContainerEvents; a listener that was not there misses what happened before. */
export class CriEvents {
  readonly #listeners = new Set<Deliver>();

  listen(deliver: Deliver): () => void {
    this.#listeners.add(deliver);
    return () => void this.#listeners.delete(deliver);
  }

  get watched(): boolean {
    return this.#listeners.size > 0;
  }

  emit(event: CriEvent): void {
    for (const deliver of this.#listeners) deliver(event);
  }
}

export type EventKind = keyof typeof ContainerEventType;
