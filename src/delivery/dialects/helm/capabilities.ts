import { Struct, text } from './value.ts';
import { parseVersion } from './semver.ts';

/** Groups and versions a client knows though no server is asked. */
const KNOWN: Readonly<Record<string, string>> = {
  '': 'v1',
  'admissionregistration.k8s.io': 'v1 v1beta1 v1alpha1',
  'apiextensions.k8s.io': 'v1 v1beta1',
  apps: 'v1 v1beta2 v1beta1',
  'authentication.k8s.io': 'v1 v1beta1 v1alpha1',
  'authorization.k8s.io': 'v1 v1beta1',
  autoscaling: 'v2 v1 v2beta1 v2beta2',
  batch: 'v1 v1beta1',
  'certificates.k8s.io': 'v1 v1beta1 v1alpha1',
  'coordination.k8s.io': 'v1 v1beta1 v1alpha2',
  'discovery.k8s.io': 'v1 v1beta1',
  'events.k8s.io': 'v1 v1beta1',
  extensions: 'v1beta1',
  'flowcontrol.apiserver.k8s.io': 'v1 v1beta1 v1beta2 v1beta3',
  'internal.apiserver.k8s.io': 'v1alpha1',
  'networking.k8s.io': 'v1 v1beta1',
  'node.k8s.io': 'v1 v1beta1 v1alpha1',
  policy: 'v1 v1beta1',
  'rbac.authorization.k8s.io': 'v1 v1beta1 v1alpha1',
  'resource.k8s.io': 'v1 v1beta2 v1beta1 v1alpha3',
  'scheduling.k8s.io': 'v1 v1beta1 v1alpha1',
  'storage.k8s.io': 'v1 v1beta1 v1alpha1',
  'storagemigration.k8s.io': 'v1alpha1',
};

/** `.Capabilities` for a Kubernetes version. */
export function capabilities(kubeVersion: string, more: readonly string[]): Struct {
  const version = parseVersion(kubeVersion);
  const [major, minor] = [String(version?.parts[0] ?? 1), String(version?.parts[1] ?? 0)];
  const full = kubeVersion.startsWith('v') ? kubeVersion : `v${kubeVersion}`;
  const known = new Set(more);
  for (const [group, versions] of Object.entries(KNOWN)) {
    for (const one of versions.split(' ')) known.add(group === '' ? one : `${group}/${one}`);
  }
  return new Struct({
    KubeVersion: new Struct(
      { Version: full, normalizedVersion: full, Major: major, Minor: minor },
      { GitVersion: () => full },
    ),
    APIVersions: new Struct({}, { Has: name => known.has(text(name)) }),
    HelmVersion: new Struct({ Version: 'v4.1.4', GitCommit: '', GitTreeState: 'clean', GoVersion: 'go1.25' }),
  });
}
