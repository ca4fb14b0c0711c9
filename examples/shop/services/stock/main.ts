/** What is on the shelves. A reservation is one SQLite transaction on the volume: it never sells what is not there. */
import { DatabaseSync } from 'node:sqlite';
import { mkdirSync } from 'node:fs';
import { type Json, Refusal, service } from '../../lib/service.ts';

const folder = process.env.DATA ?? '/data';
mkdirSync(folder, { recursive: true });
const database = new DatabaseSync(`${folder}/stock.db`);
database.exec(`
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS shelf (product TEXT PRIMARY KEY, initial INTEGER NOT NULL, free INTEGER NOT NULL CHECK (free >= 0));
  CREATE TABLE IF NOT EXISTS reservation (order_id TEXT, product TEXT, quantity INTEGER NOT NULL, PRIMARY KEY (order_id, product));
`);
const start = JSON.parse(process.env.SHELF ?? '{}') as Record<string, number>;
const put = database.prepare('INSERT OR IGNORE INTO shelf (product, initial, free) VALUES (?, ?, ?)');
for (const [product, quantity] of Object.entries(start)) put.run(product, quantity, quantity);

const take = database.prepare('UPDATE shelf SET free = free - ? WHERE product = ? AND free >= ?');
const note = database.prepare('INSERT INTO reservation (order_id, product, quantity) VALUES (?, ?, ?)');
const ofOrder = database.prepare('SELECT product, quantity FROM reservation WHERE order_id = ?');
const giveBack = database.prepare('UPDATE shelf SET free = free + ? WHERE product = ?');
const forget = database.prepare('DELETE FROM reservation WHERE order_id = ?');

function transaction<T>(work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}

interface Line {
  readonly product: string;
  readonly quantity: number;
}

service()
  .get('/shelf', () => ({
    json: database.prepare('SELECT product, initial, free FROM shelf ORDER BY product').all() as unknown as Json,
  }))
  .post('/reservations/:order', ({ params, body }) =>
    transaction(() => {
      // The same order again is the same reservation: a retry after a lost answer must not take goods twice.
      if (ofOrder.all(params.order!).length > 0) return { json: { order: params.order!, reserved: true } };
      for (const { product, quantity } of body as unknown as Line[]) {
        if (take.run(quantity, product, quantity).changes !== 1) throw new Refusal(409, `${product} is sold out`);
        note.run(params.order!, product, quantity);
      }
      return { status: 201, json: { order: params.order!, reserved: true } };
    }),
  )
  .delete('/reservations/:order', ({ params }) =>
    transaction(() => {
      for (const { product, quantity } of ofOrder.all(params.order!) as unknown as Line[])
        giveBack.run(quantity, product);
      forget.run(params.order!);
      return { json: { order: params.order!, reserved: false } };
    }),
  )
  .get('/audit', () => {
    const rows = database
      .prepare(
        'SELECT s.product, s.initial, s.free, COALESCE(SUM(r.quantity), 0) AS sold FROM shelf s LEFT JOIN reservation r USING (product) GROUP BY s.product',
      )
      .all() as unknown as { product: string; initial: number; free: number; sold: number }[];
    const wrong = rows.filter(({ initial, free, sold }) => free < 0 || free + sold !== initial);
    return { status: wrong.length === 0 ? 200 : 500, json: { oversold: wrong.length, rows: rows as unknown as Json } };
  })
  .listen();
