import { later } from '../runtime/later.ts';

/** Whether backpropagation and numerical derivatives of the loss agree, parameter by parameter: see `gradCheck.ts`. */
export const gradCheck = later(() => import('./gradCheck.ts'), 'gradCheck');
