/** What becomes of requests: the same one twice, one after another, and what was there before. */
import { tellTogether } from '../support/shared-hai.js';
import { duplicates } from './stories/duplicates.js';
import { line } from './stories/line.js';
import { nameTaken } from './stories/name-taken.js';

tellTogether([duplicates, line, nameTaken]);
