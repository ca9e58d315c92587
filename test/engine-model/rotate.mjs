// A machine of its own for key renewal (design §4 Keys): the secret <name>-next, the two slots of the subscription, the members' secret, the
// connections. Two renewals in a row, so that what the first one left is there for the second. node rotate.mjs
// generation g lives in slot g % 2; renewing: next ← fresh value; slot ← next (If-Match); slot is proven; members' secret ← slot; connections ← slot.
export const RULES = {
  waits: 'each step waits until no until of another step lies ahead (an operation\'s end always does)',
  ifMatch: 'the slot is set with If-Match',
  reads: 'members\' secret and connections get what the slot holds, not what <name>-next holds',
  nextFirst: 'the new value is stored before the slot is set (else: regenerated at the service, which names no ETag)',
  tagged: '<name>-next carries the generation: one of another generation is overwritten, one of this generation is kept',
  etagFirst: 'who sets reads the subscription (its ETag) before it reads <name>-next',
};
const STEPS = ['next', 'set', 'prove', 'members', 'connections'];
const clone = (s) => JSON.parse(JSON.stringify(s));

function effect(t, { what, etag, gen, value }, R) {
  const slot = gen % 2;
  if (what === 'next') t.next = { value: ++t.fresh, gen };                              // Key Vault compares nothing: every write is a new version
  if (what === 'set' && (!R.ifMatch || !R.nextFirst || !R.etagFirst || etag === t.etag)) { t.slots[slot] = R.nextFirst ? value : ++t.fresh; t.etag++; }
  if (what === 'members') t.members = value;
  if (what === 'connections') t.connections = value;
}
const known = (s, what, R) => (what === 'next' && s.next && (!R.tagged || s.next.gen === s.gen) ? 'kept' : '');
/** What a run has read before it sends: the value it will write, and the ETag it names. */
const call = (s, what, R) => ({ what, etag: s.etag, gen: s.gen, value: what === 'set' ? s.next?.value : R.reads ? s.slots[s.gen % 2] : s.next?.value });

function next(s, R) {
  const out = [], put = (label, fn) => { const t = clone(s); fn(t); out.push([label, t]); };
  const what = STEPS[s.pc];
  if (what && !(R.waits && s.late.some((c) => c.what !== what)) && !(s.pc === 0 && s.late.some((c) => c.gen !== s.gen))) {
    const done = (t) => { t.pc++; if (t.pc === STEPS.length && t.gen < 3) { t.pc = 0; t.gen++; } };
    if (what === 'prove') put(`generation ${s.gen}: slot proven`, done);
    else if (known(s, what, R)) put(`generation ${s.gen}: next is there`, done);
    else {
      const c = call(s, what, R), me = `generation ${s.gen}: ${what}`;
      put(`${me}: answered`, (t) => { effect(t, c, R); done(t); });
      if (s.faults) {
        put(`! ${me}: lands, no answer`, (t) => { effect(t, c, R); t.faults--; });
        put(`! ${me}: no answer, on its way`, (t) => { t.late.push(c); t.faults--; });
        put(`! ${me}: answered, a second run has read the same and is past its fence`, (t) => { effect(t, c, R); t.late.push(c); done(t); t.faults--; });
      }
    }
    if (s.hold) put('a hold patches the subscription', (t) => { t.etag++; t.hold--; });
  }
  s.late.forEach((c, i) => { put(`late ${c.what} lands`, (t) => { t.late.splice(i, 1); effect(t, c, R); }); put(`late ${c.what} never lands`, (t) => { t.late.splice(i, 1); }); });
  return out;
}
const live = (s) => new Set(s.slots);
const wrong = (s, rest) => !live(s).has(s.members) ? 'the members\' secret holds a dead key' : !live(s).has(s.connections) ? 'a connection holds a dead key'
  : rest && (s.members !== s.slots[s.gen % 2] || s.connections !== s.slots[s.gen % 2]) ? 'not everybody has the new key' : rest && new Set(s.slots).size < 2 ? 'both slots hold one value: the old key was not renewed' : '';

export function explore(R) {
  const start = { gen: 2, pc: 0, slots: [0, 1], members: 1, connections: 1, next: { value: 1, gen: 1 }, fresh: 1, etag: 1, late: [], faults: 2, hold: 1 };
  const seen = new Map([[JSON.stringify(start), null]]); let frontier = [start], found = '', at = null, depth = 0;
  while (frontier.length && !at) {
    const after = []; depth++;
    for (const s of frontier) {
      const steps = next(s, R);
      for (const [label, t] of steps) { const k = JSON.stringify(t); if (!seen.has(k)) { seen.set(k, [JSON.stringify(s), label]); after.push(t); } }
      found = wrong(s, !steps.length); if (found) { at = JSON.stringify(s); break; }
    }
    frontier = after;
  }
  const trace = []; for (let k = at; k && seen.get(k); k = seen.get(k)[0]) trace.unshift(seen.get(k)[1]);
  return { states: seen.size, depth, found, trace };
}
if (import.meta.url === `file://${process.argv[1]}`) {
const all = Object.fromEntries(Object.keys(RULES).map((k) => [k, true]));
for (const waits of [true, false]) for (const off of [null, ...Object.keys(RULES).filter((k) => k !== 'waits')]) {
  const r = explore({ ...all, waits, ...(off ? { [off]: false } : {}) });
  console.log(`rotate, ${waits ? 'each step waits' : 'only the end waits'}, ${off ? `without ${off}` : 'all other rules'}: ${r.states} states, depth ${r.depth}: ${r.found || 'right'}${r.trace.map((l) => `\n   ${l}`).join('')}`);
}
}
