/**
 * Request units, roughly as the service charges them: 1 for a point read of 1 KB, about 5 for a write of 1 KB.
 * https://learn.microsoft.com/azure/cosmos-db/request-units
 */
const KIB = 1024;
const READ_PER_KIB = 1;
const WRITE_PER_KIB = 5;
/** What a query costs before it reads anything, as the service answers for a query without results. */
const QUERY_BASE = 2.3;

const kib = (bytes: number) => Math.max(1, bytes / KIB);
const rounded = (charge: number) => Math.round(charge * 100) / 100;

export const readCharge = (bytes: number) => rounded(kib(bytes) * READ_PER_KIB);
export const writeCharge = (bytes: number) => rounded(kib(bytes) * WRITE_PER_KIB);
export const queryCharge = (resultBytes: number) => rounded(QUERY_BASE + (resultBytes / KIB) * READ_PER_KIB);
