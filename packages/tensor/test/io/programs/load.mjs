// Loads a checkpoint with the built package and prints how much more memory the process took at its peak, in bytes.
// Arguments: the file, a small file to warm up with, `tensors` for new tensors or `weights` for a module's own.
import { init, memory, zeros } from '@heddle/tensor';
import { loadSafetensors, loadWeights, openSafetensors } from '@heddle/tensor/io';
import { Module, Parameter } from '@heddle/tensor/nn';

const [file, small, what] = process.argv.slice(2);
class Weights extends Module {
  constructor(entries) {
    super();
    this.tables = entries.map((info) => new Parameter(zeros(info.shape)));
  }
  forward() {}
}
const peak = () => process.resourceUsage().maxRSS * 1024;

await init({ threads: 1 });
for (const t of (await loadSafetensors(small)).values()) t.dispose();
const before = peak();
if (what === 'tensors') await loadSafetensors(file);
else {
  const opened = await openSafetensors(file);
  const module = new Weights([...opened.entries.values()]);
  await opened.close();
  await loadWeights(module, file);
}
console.log(JSON.stringify({ process: peak() - before, tensors: memory().bytes, peak: memory().peakBytes }));
