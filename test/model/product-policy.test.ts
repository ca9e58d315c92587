import fc from 'fast-check';
import { renderProductPolicy } from '../../shared/model/product-policy.js';

describe('the product policy', () => {
  const limits = { tokensPerMinute: 1, dailyTokenQuota: 1 };

  it('has one limit per model, each with a counter of its own', () => {
    const xml = renderProductPolicy([
      { provider: 'foundry', name: 'gpt-4.1', servedName: 'gpt-4.1', tokensPerMinute: 10, dailyTokenQuota: 100 },
      {
        provider: 'kaito',
        name: 'mistral-7b',
        servedName: 'mistral-7b-instruct',
        tokensPerMinute: 20,
        dailyTokenQuota: 200,
      },
    ]);
    expect(xml.match(/<llm-token-limit/g)).toHaveLength(2);
    expect(xml).toContain(
      'counter-key="@(context.Subscription.Id + "-gpt-4.1")" tokens-per-minute="10" token-quota="100"',
    );
    expect(xml).toContain('<set-variable name="served-model" value="mistral-7b-instruct" />');
    expect(xml).toContain('"data":[{"id":"mistral-7b","object":"model","created":0,"owned_by":"kaito"}]');
  });

  it('never takes a text that could leave its place', () => {
    const dangerous = fc.string().filter((text) => /["'<>&@{}()\s]/.test(text));
    fc.assert(
      fc.property(dangerous, (text) => {
        const asName = () => renderProductPolicy([{ provider: 'foundry', name: text, servedName: 'x', ...limits }]);
        const asServed = () => renderProductPolicy([{ provider: 'kaito', name: 'x', servedName: text, ...limits }]);
        expect(asName).toThrow('cannot be written');
        expect(asServed).toThrow('cannot be written');
      }),
    );
  });
});
