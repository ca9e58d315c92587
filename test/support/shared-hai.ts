/** One host and world for several stories of one file: loading them costs seconds of processor time, a story much less. */
import { type Hai, type HaiOptions, startHai } from './hai.js';

export type SharedHai = () => Promise<Hai>;

/** Tells the stories one after another on one platform. */
export function tellTogether(stories: readonly ((shared: SharedHai) => void)[], options: HaiOptions = {}): void {
  let hai: Promise<Hai> | undefined;
  const shared: SharedHai = () => {
    hai ??= startHai(options);
    return hai;
  };
  for (const story of stories) story(shared);
  afterAll(async () => (await hai)?.close());
}
