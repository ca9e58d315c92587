/** Shared models: the first team that asks for one, and those that join. */
import { tellTogether } from '../support/shared-hai.js';
import { sharedModel } from './stories/shared-model.js';
import { teamBeta } from './stories/team-beta.js';

tellTogether([teamBeta, sharedModel]);
