import type { JsonObject, KubeObject } from '../../../kernel/index.ts';
import { checkPodSecurity } from './checks.ts';
import type { PodSecurityViolation } from './model.ts';

/** What one mode of a namespace says of a pod; a mode without a label, or with an unknown level, says nothing. */
export interface PodSecurityVerdict {
  readonly mode: 'enforce' | 'audit' | 'warn';
  readonly level: 'baseline' | 'restricted';
  /** `latest`, or the minor release the namespace names; judged as the latest either way. */
  readonly version: string;
  readonly violations: readonly PodSecurityViolation[];
}

const PREFIX = 'pod-security.kubernetes.io/';
const MODES = ['enforce', 'audit', 'warn'] as const;

/** Judges a pod by the labels of its namespace (kubernetes.io, "Pod Security Admission"). Versions other than the latest are judged as the latest. */
export function judgePodSecurity(
  namespaceLabels: Readonly<Record<string, string>> | undefined,
  pod: KubeObject,
): readonly PodSecurityVerdict[] {
  const labels = namespaceLabels ?? {};
  return MODES.flatMap(mode => {
    const level = Object.hasOwn(labels, PREFIX + mode) ? labels[PREFIX + mode] : undefined;
    if (level !== 'baseline' && level !== 'restricted') return [];
    const violations = checkPodSecurity(
      level,
      pod.metadata as unknown as JsonObject,
      (pod.spec ?? {}) as unknown as JsonObject,
    );
    return [{ mode, level, version: labels[`${PREFIX}${mode}-version`] ?? 'latest', violations }];
  });
}
