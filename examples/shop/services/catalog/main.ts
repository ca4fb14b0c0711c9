/** What the shop sells. Read-only; the list comes from a ConfigMap, so that a change of goods is a change of manifests. */
import { readFileSync } from 'node:fs';
import { type Json, Refusal, service } from '../../lib/service.ts';

interface Product {
  readonly id: string;
  readonly name: string;
  readonly price_cents: number;
  readonly tags: readonly string[];
}

const file = process.env.CATALOG_FILE ?? '/etc/shop/catalog.json';
const products = (): Product[] => JSON.parse(readFileSync(file, 'utf8')) as Product[];

service()
  .get('/products', ({ query }) => {
    const tag = query.get('tag');
    return { json: products().filter(({ tags }) => tag === null || tags.includes(tag)) as unknown as Json };
  })
  .get('/products/:id', ({ params }) => {
    const product = products().find(({ id }) => id === params.id);
    if (!product) throw new Refusal(404, `no product ${params.id}`);
    return { json: product as unknown as Json };
  })
  .listen();
