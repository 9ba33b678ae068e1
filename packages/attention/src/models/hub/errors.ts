// What goes wrong between here and the Hub.
import { HeddleError } from '@heddle/tensor';

/** A model can't be had from the Hub. */
export class HubError extends HeddleError {
  override readonly name = 'HubError';
  constructor(
    /** The model's id. */
    readonly id: string,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(`${id}: ${problem}`, options);
  }
}
