/** Checkout: prices the cart, reserves the goods, charges, and writes the order; every step can be tried again. */
import { DatabaseSync } from 'node:sqlite';
import { mkdirSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { address, call, type Json, log, Refusal, service } from '../../lib/service.ts';

const folder = process.env.DATA ?? '/data';
mkdirSync(folder, { recursive: true });
const database = new DatabaseSync(`${folder}/orders.db`);
database.exec(`
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, customer TEXT, total_cents INTEGER, lines TEXT, state TEXT, created TEXT);
`);
const write = database.prepare(
  'INSERT INTO orders (id, customer, total_cents, lines, state, created) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET state = excluded.state',
);
const read = database.prepare('SELECT * FROM orders WHERE id = ?');

interface Line {
  readonly product: string;
  readonly quantity: number;
}

interface Product {
  readonly id: string;
  readonly price_cents: number;
}

async function priceOf(lines: readonly Line[], country: string): Promise<number> {
  const products = (await call('GET', address('catalog'), '/products')) as unknown as Product[];
  const prices = new Map(products.map(({ id, price_cents }) => [id, price_cents]));
  let goods = 0;
  let items = 0;
  for (const { product, quantity } of lines) {
    const price = prices.get(product);
    if (price === undefined) throw new Refusal(422, `no product ${product}`);
    goods += price * quantity;
    items += quantity;
  }
  const { cents } = (await call(
    'GET',
    address('shipping'),
    `/quote?country=${encodeURIComponent(country)}&items=${items}`,
  )) as { cents: number };
  return goods + cents;
}

service()
  .post('/checkout/:customer', async ({ params, body }) => {
    const customer = params.customer!;
    const {
      order = randomUUID(),
      card = '',
      country = 'CN',
    } = (body ?? {}) as { order?: string; card?: string; country?: string };
    const known = read.get(order) as { state: string; total_cents: number } | undefined;
    if (known?.state === 'paid') return { json: { order, total_cents: known.total_cents, state: 'paid' } };
    const lines = (await call('GET', address('cart'), `/carts/${encodeURIComponent(customer)}`)) as unknown as Line[];
    if (lines.length === 0) throw new Refusal(422, 'the cart is empty');
    const total = await priceOf(lines, country);
    await call('POST', address('stock'), `/reservations/${order}`, lines as unknown as Json);
    try {
      await call('POST', address('payment'), `/charges/${order}`, { amount_cents: total, card });
    } catch (error) {
      await call('DELETE', address('stock'), `/reservations/${order}`).catch((failure: Error) =>
        log('error', `could not give back ${order}: ${failure.message}`),
      );
      throw error;
    }
    write.run(order, customer, total, JSON.stringify(lines), 'paid', new Date().toISOString());
    await call('DELETE', address('cart'), `/carts/${encodeURIComponent(customer)}`).catch(() => undefined);
    log('info', 'order paid', { order, total_cents: total });
    return { status: 201, json: { order, total_cents: total, state: 'paid' } };
  })
  .get('/orders/:id', ({ params }) => {
    const order = read.get(params.id!);
    if (!order) throw new Refusal(404, `no order ${params.id}`);
    return { json: order as unknown as Json };
  })
  .get('/count', () => ({
    json: database.prepare("SELECT COUNT(*) AS paid FROM orders WHERE state = 'paid'").get() as unknown as Json,
  }))
  .listen();
