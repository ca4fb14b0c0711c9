/** An authority with a server and two client certificates, for tests; made by openssl(1). */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Identity {
  readonly key: string;
  readonly cert: string;
}

export function testPki(): { ca: string; server: Identity; master: Identity; stranger: Identity } {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-pki-'));
  const at = (name: string): string => join(folder, name);
  const run = (...args: string[]): void => void execFileSync('openssl', args, { stdio: 'ignore' });
  const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  try {
    run('req', '-x509', ...fresh, '-keyout', at('ca.key'), '-out', at('ca.crt'), '-days', '2', '-subj', '/CN=test-ca');
    const issue = (name: string, subject: string): Identity => {
      run('req', ...fresh, '-keyout', at(`${name}.key`), '-out', at(`${name}.csr`), '-subj', subject);
      const signer = ['-CA', at('ca.crt'), '-CAkey', at('ca.key'), '-CAcreateserial'];
      run('x509', '-req', '-in', at(`${name}.csr`), ...signer, '-out', at(`${name}.crt`), '-days', '2');
      return { key: readFileSync(at(`${name}.key`), 'utf8'), cert: readFileSync(at(`${name}.crt`), 'utf8') };
    };
    return {
      server: issue('server', '/CN=node'),
      master: issue('master', '/O=system:masters/CN=api'),
      stranger: issue('stranger', '/O=nobody/CN=guest'),
      ca: readFileSync(at('ca.crt'), 'utf8'),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
