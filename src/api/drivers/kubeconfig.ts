import type { Pki } from './pki.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** The kubeconfig stock kubectl works with: the admin certificate, the CA and the address, nothing outside the file. */
export function adminKubeconfig(url: string, pki: Pki): string {
  return `apiVersion: v1
kind: Config
clusters:
- name: tenon
  cluster:
    certificate-authority-data: ${base64(pki.authority.certificate)}
    server: ${url}
users:
- name: admin
  user:
    client-certificate-data: ${base64(pki.admin.certificate)}
    client-key-data: ${base64(pki.admin.key)}
contexts:
- name: tenon
  context:
    cluster: tenon
    user: admin
current-context: tenon
preferences: {}
`;
}
