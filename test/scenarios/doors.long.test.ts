/** The doors, by hundreds of documents and thousands of requests. */
import { tellTogether } from '../support/shared-hai.js';
import { crowd } from './stories/crowd.js';
import { fuzz } from './stories/fuzz.js';
import { twoDoors } from './stories/two-doors.js';

tellTogether([crowd, twoDoors, fuzz]);
