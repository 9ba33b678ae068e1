// Closes a run of every test with `N passed, N failed` alone on the last line. What a file that
// cannot be loaded hides, and an error outside any test, count as failures.
import type { SerializedError, TestModule, TestRunEndReason } from 'vitest/node';
import { DefaultReporter } from 'vitest/node';

export class SummaryReporter extends DefaultReporter {
  override async onTestRunEnd(
    modules: readonly TestModule[],
    unhandled: readonly SerializedError[],
    reason: TestRunEndReason,
  ): Promise<void> {
    await super.onTestRunEnd(modules, unhandled, reason);
    this.ctx.logger.log(summary(modules, unhandled.length));
    // Vitest passes a run with no test at all where a filter matched nothing.
    if (modules.length === 0) process.exitCode = 1;
  }
}

/** Counts tests, and as failures also the files and suites that failed outside of their tests. */
function summary(modules: readonly TestModule[], unhandled: number): string {
  let [passed, failed, skipped] = [0, unhandled, 0];
  for (const module of modules) {
    failed += module.errors().length > 0 ? 1 : 0;
    for (const suite of module.children.allSuites()) failed += suite.errors().length > 0 ? 1 : 0;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === 'passed') passed += 1;
      else if (state === 'failed') failed += 1;
      else skipped += 1;
    }
  }
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
