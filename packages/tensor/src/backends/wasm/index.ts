// What the wasm backend exports. Nothing is defined here.
export { createWasm } from './backend';
