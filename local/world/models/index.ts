/**
 * The simulated model servers: pure functions from request to answer; who listens under which name is the network's
 * business.
 */
export { answerAsFoundry, type Deployment } from './foundry.js';
export { estimatePromptTokens, estimateTokens, tokensOfLength } from './tokens.js';
export { answerAsVllm } from './vllm.js';
