/** "You may also like": products that share most tags with one, never the one itself. */
import { address, call, type Json, service } from '../../lib/service.ts';

interface Product {
  readonly id: string;
  readonly tags: readonly string[];
}

const SHOWN = 3;

service()
  .get('/like/:id', async ({ params }) => {
    const products = (await call('GET', address('catalog'), '/products')) as unknown as Product[];
    const tags = new Set(products.find(({ id }) => id === params.id)?.tags);
    const shared = (product: Product): number => product.tags.filter(tag => tags.has(tag)).length;
    const others = products
      .filter(({ id }) => id !== params.id)
      .sort((left, right) => shared(right) - shared(left) || (left.id < right.id ? -1 : 1));
    return { json: others.slice(0, SHOWN) as unknown as Json };
  })
  .listen();
