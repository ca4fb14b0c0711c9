import type { Cluster } from './cluster.ts';
import type { Language, TextKey } from './language.ts';

/** What every view of the console is drawn from. */
export interface ViewProps {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly text: (key: TextKey) => string;
  readonly language: Language;
}

/** Namespaces Tenon and Kubernetes keep for themselves; hidden until asked for. */
const SYSTEM = /^(kube-|tenon-)/;

/** Objects of the chosen namespace; without a choice everything but the system's own. */
export function shown<T extends { metadata: { namespace?: string } }>(items: T[], namespace: string): T[] {
  return items.filter(({ metadata }) =>
    namespace ? metadata.namespace === namespace : !SYSTEM.test(metadata.namespace ?? ''),
  );
}
