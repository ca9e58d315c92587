/** Stands in the place of the real plans (`jest.mock`): a request asks for a plan of the test by its cost centre, a model for one by its name. */
import type { Stage } from '../../../shared/plan/plan.js';

const offered = new Map<string, Stage[]>();

export const plans = {
  offered,
  teamAccess: ({ spec }: { spec: { costCenter: string } }): Stage[] => offered.get(spec.costCenter) ?? [],
  kaitoModel: ({ name }: { name: string }): Stage[] => offered.get(`model ${name}`) ?? [],
};
