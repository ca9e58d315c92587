/** The doors: what cannot be taken, and what the API answers. */
import { tellTogether } from '../support/shared-hai.js';
import { api } from './stories/api.js';
import { badInput } from './stories/bad-input.js';

// Bad input first: it ends with a look at what is left, which is nothing.
tellTogether([badInput, api]);
