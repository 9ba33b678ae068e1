// What looks into a model.
export { Inspection } from './inspection';
