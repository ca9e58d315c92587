/** What comes by ticket: a team on a shared model, those that join it, and a message that is delivered too often. */
import { tellTogether } from '../support/shared-hai.js';
import { deadLetters } from './stories/dead-letters.js';
import { sharedModel } from './stories/shared-model.js';
import { teamBeta } from './stories/team-beta.js';

tellTogether([teamBeta, sharedModel, deadLetters]);
