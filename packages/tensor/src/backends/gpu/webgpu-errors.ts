// What goes wrong on a webgpu device. It says so after the call that caused it; the next call, or read, throws it.
/// <reference types="@webgpu/types" />
import { BackendError, DeviceLost, type HeddleError } from '../../errors';

/** The errors of a device that nobody has been told yet. */
export class DeviceErrors {
  private failure: HeddleError | null = null;
  isLost = false;
  /** Resolves when the device is gone. */
  readonly lost: Promise<void>;

  constructor(device: GPUDevice) {
    device.onuncapturederror = ({ error }) => this.report(new BackendError('gpu', error.message));
    this.lost = device.lost.then(({ message }) => {
      this.isLost = true;
      // Whatever else went wrong before is no more of interest.
      this.failure = new DeviceLost('gpu', message || 'no reason given');
    });
  }

  /** Keeps an error for whoever calls next. The first is why the others came. */
  report(error: HeddleError): void {
    this.failure ??= error;
  }

  throwIfAny(): void {
    if (this.failure === null) return;
    const { failure } = this;
    // A lost device stays lost; anything else was about one result.
    if (!this.isLost) this.failure = null;
    throw failure;
  }
}
