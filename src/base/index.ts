export * from './answer.ts';
export * from './calendar.ts';
export * from './fault.ts';
export * from './heap.ts';
export * from './language.ts';
export * from './ports.ts';
export * from './seeded.ts';
export * from './span.ts';
