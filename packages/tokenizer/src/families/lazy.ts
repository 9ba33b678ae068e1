// Families of components, fetched when they are asked for. Nothing else may import what only some tokenizers need: each
// way to a component that is not through here is one more file for a browser to fetch.

export const bert = (): Promise<typeof import('./bert')> => import('./bert');
export const byteLevel = (): Promise<typeof import('./byte-level')> => import('./byte-level');
export const sentencePiece = (): Promise<typeof import('./sentence-piece')> => import('./sentence-piece');
export const rare = (): Promise<typeof import('./rare')> => import('./rare');
export const regex = (): Promise<typeof import('../text/regex')> => import('../text/regex');
