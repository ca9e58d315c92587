/** What comes by ticket: a team on a shared model, those that join it, a message that is delivered too often, and one that comes during an outage. */
import { tellTogether } from '../support/shared-hai.js';
import { deadLetters, storeAway } from './stories/dead-letters.js';
import { sharedModel } from './stories/shared-model.js';
import { teamBeta } from './stories/team-beta.js';
import { ticketing } from './stories/ticketing.js';

tellTogether([teamBeta, sharedModel, deadLetters, storeAway, ticketing]);
