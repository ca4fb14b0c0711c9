import type { ValueTransform } from '../encryption/transform.ts';
import { kernelFaults } from '../faults.ts';
import { EtcdClient, parseEtcdAddress } from './etcd-client.ts';

/** Where encryption at rest looks which rule a value falls under: what is agreed on is as secret as Secrets. */
const COLLECTION = 'secrets';

/**
 * Settles one text among all servers that share an etcd: the first one's stands, everybody gets it. It lies beside the objects'
 * prefix, where no API request can read it, and is sealed as Secrets are where encryption at rest is configured. Faults:
 * `store-unreachable`.
 */
export async function agreeOnEtcd(
  address: string,
  name: string,
  mine: string,
  transform: ValueTransform | undefined,
): Promise<string> {
  const target = parseEtcdAddress(address);
  const key = `/tenon${target.prefix}/${name}`;
  const client = new EtcdClient(target);
  const sealed = transform?.applies(COLLECTION) ? transform : undefined;
  const read = async (): Promise<string | undefined> => {
    const { pairs } = await client.range(Buffer.from(key), undefined);
    const stored = pairs[0] && Buffer.from(Buffer.from(pairs[0].value).toString('latin1'), 'base64');
    if (!stored) return undefined;
    return Buffer.from(transform ? await transform.open(COLLECTION, stored, key) : stored).toString('utf8');
  };
  try {
    const known = await read();
    if (known !== undefined) return known;
    const plain = Buffer.from(mine, 'utf8');
    const value = Buffer.from(sealed ? await sealed.seal(COLLECTION, plain, key) : plain).toString('base64');
    await client.putAtVersion(key, 0, value);
    return (await read()) ?? mine;
  } catch (error) {
    throw kernelFaults.error('store-unreachable', { address, cause: (error as Error).message });
  } finally {
    client.close();
  }
}
