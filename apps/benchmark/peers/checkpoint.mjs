// Writes a workload's Gpt2 to the folder that is named, for whoever measures what loading it costs: not that process, whose
// memory it would fill.
import { init } from '@heddle/tensor';
import { gpt2Of } from './heddle-gpt2.mjs';
import { flags } from './shared.mjs';

const options = flags({ folder: { type: 'string' } });
await init({ threads: 1 });
await gpt2Of(options).savePretrained(options.folder);
process.exit(0);
