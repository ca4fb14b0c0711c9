import { isNotFound, type KubeObject, type Registry, type ResourceRef } from '../../kernel/index.ts';
import { LOOPBACK } from '../authz/feed.ts';

const CONFIG_MAPS: ResourceRef = { group: '', version: 'v1', resource: 'configmaps' };
const KEY = { namespace: 'kube-system', name: 'extension-apiserver-authentication' };

/** Tells aggregated API servers whose certificates to believe, and in which headers they read who asks. */
export async function publishAuthentication(
  registry: Registry,
  clientAuthority: string,
  frontAuthority: string,
  frontName: string,
): Promise<void> {
  const data = {
    'client-ca-file': clientAuthority,
    'requestheader-client-ca-file': frontAuthority,
    'requestheader-allowed-names': JSON.stringify([frontName]),
    'requestheader-username-headers': '["X-Remote-User"]',
    'requestheader-group-headers': '["X-Remote-Group"]',
    'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
  };
  const object: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...KEY }, data };
  try {
    await registry.get(LOOPBACK, CONFIG_MAPS, KEY);
    await registry.update(LOOPBACK, CONFIG_MAPS, KEY, object, {});
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await registry.create(LOOPBACK, CONFIG_MAPS, object, { namespace: KEY.namespace });
  }
}
