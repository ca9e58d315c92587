import { APIM, GROUP, refusal, SERVICE_ID, startTestAzure } from './azure-fixture.js';

const LOGGER = {
  loggerType: 'applicationInsights',
  credentials: { instrumentationKey: 'a-secret-key' },
  isBuffered: true,
};

describe('a logger', () => {
  it('is kept without showing its credentials', async () => {
    const { apim } = await startTestAzure();
    await apim.logger.createOrUpdate(GROUP, APIM, 'insights', LOGGER);
    const found = await apim.logger.get(GROUP, APIM, 'insights');
    expect(found).toMatchObject({ loggerType: 'applicationInsights', isBuffered: true });
    expect(JSON.stringify(found)).not.toContain('a-secret-key');
  });
});

describe('a diagnostic', () => {
  it('stands at the service or at an API, and names a logger that exists', async () => {
    const { apim } = await startTestAzure();
    const diagnostic = { loggerId: `${SERVICE_ID}/loggers/insights`, metrics: true };
    const early = apim.diagnostic.createOrUpdate(GROUP, APIM, 'applicationinsights', diagnostic);
    expect(await refusal(early)).toMatchObject({ statusCode: 400, code: 'ValidationError' });
    await apim.logger.createOrUpdate(GROUP, APIM, 'insights', LOGGER);
    await apim.diagnostic.createOrUpdate(GROUP, APIM, 'applicationinsights', diagnostic);
    await apim.apiDiagnostic.createOrUpdate(GROUP, APIM, 'openai-api', 'applicationinsights', diagnostic);
    expect(await apim.apiDiagnostic.get(GROUP, APIM, 'openai-api', 'applicationinsights')).toMatchObject(diagnostic);
  });
});
