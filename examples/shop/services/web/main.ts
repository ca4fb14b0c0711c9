/** The shop's front: pages for people, and the one address that clients outside talk to. */
import { address, call, type Json, Refusal, service } from '../../lib/service.ts';

interface Product {
  readonly id: string;
  readonly name: string;
  readonly price_cents: number;
}

const escape = (text: string): string => text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`);
const price = (cents: number): string => `¥${(cents / 100).toFixed(2)}`;

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escape(title)}</title><h1>${escape(title)}</h1>${body}</html>`;
}

service()
  .get('/', async () => {
    const products = (await call('GET', address('catalog'), '/products')) as unknown as Product[];
    const items = products.map(
      ({ id, name, price_cents }) =>
        `<li><a href="/products/${encodeURIComponent(id)}">${escape(name)}</a> ${price(price_cents)}</li>`,
    );
    return { html: page('The joinery shop 榫卯店', `<ul>${items.join('')}</ul>`) };
  })
  .get('/products/:id', async ({ params }) => {
    const id = encodeURIComponent(params.id!);
    const product = (await call('GET', address('catalog'), `/products/${id}`)) as unknown as Product;
    // The page is whole without recommendations: their failure is not the customer's.
    const like = (await call('GET', address('recommend'), `/like/${id}`).catch(() => [])) as unknown as Product[];
    const more = like.map(
      other => `<li><a href="/products/${encodeURIComponent(other.id)}">${escape(other.name)}</a></li>`,
    );
    return { html: page(product.name, `<p>${price(product.price_cents)}</p><ul>${more.join('')}</ul>`) };
  })
  .get('/api/products', async () => ({ json: await call('GET', address('catalog'), '/products') }))
  .get('/api/cart/:customer', async ({ params }) => ({
    json: await call('GET', address('cart'), `/carts/${encodeURIComponent(params.customer!)}`),
  }))
  .put('/api/cart/:customer/:product', async ({ params, body }) => {
    const product = encodeURIComponent(params.product!);
    await call('GET', address('catalog'), `/products/${product}`);
    return {
      json: await call('PUT', address('cart'), `/carts/${encodeURIComponent(params.customer!)}/${product}`, body),
    };
  })
  .post('/api/checkout/:customer', async ({ params, body }) => ({
    status: 201,
    json: await call('POST', address('orders'), `/checkout/${encodeURIComponent(params.customer!)}`, body),
  }))
  .get('/api/orders/:id', async ({ params }) => ({
    json: await call('GET', address('orders'), `/orders/${encodeURIComponent(params.id!)}`),
  }))
  .get('/api/audit', async () => {
    const audit = (await call('GET', address('stock'), '/audit')) as { oversold?: number };
    if (audit.oversold !== 0) throw new Refusal(500, 'goods were sold that were not there');
    const { paid } = (await call('GET', address('orders'), '/count')) as { paid: number };
    return { json: { ...(audit as Record<string, Json>), paid } };
  })
  .listen();
