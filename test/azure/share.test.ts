import { shares } from '../../shared/azure/share.js';

describe('calls of one kind that hang', () => {
  let nowMs = 0;
  const withinShare = shares(() => nowMs);

  const hang = (action: string) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    return { done: withinShare('arm', action, () => promise), release: resolve };
  };

  it('leave the others their share: the eleventh is refused at once, another kind of call is not, and it passes when one ends', async () => {
    const hanging = Array.from({ length: 10 }, (_, index) => hang(`write product "product-${index}"`));
    nowMs += 11_000;
    await expect(withinShare('arm', 'write product "product-x"', async () => 'sent')).rejects.toMatchObject({
      code: 'TooManyHangingCalls',
      status: undefined,
    });
    await expect(withinShare('arm', 'read product "product-x"', async () => 'sent')).resolves.toBe('sent');
    hanging[0]!.release();
    await hanging[0]!.done;
    await expect(withinShare('arm', 'write product "product-x"', async () => 'sent')).resolves.toBe('sent');
    for (const { release } of hanging) release();
    await Promise.all(hanging.map(({ done }) => done));
  });

  it('do not count while they are young: a fleet may send as many at once as it likes', async () => {
    const young = Array.from({ length: 30 }, (_, index) => hang(`delete product "product-${index}"`));
    await expect(withinShare('arm', 'delete product "product-x"', async () => 'sent')).resolves.toBe('sent');
    for (const { release } of young) release();
    await Promise.all(young.map(({ done }) => done));
  });
});
