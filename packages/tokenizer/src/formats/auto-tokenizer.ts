// What transformers' AutoTokenizer makes of a folder beyond its tokenizer.json: tokens that only the other files have, the
// sides, the roles. Follows transformers 4.44 (tokenization_utils_fast.py); what its classes set anew is in class-settings.ts.
import type { AddedToken } from '../added-tokens';
import { TemplateProcessing } from '../post-processors/template';
import { type AddedTokenInput, addTokens, type TokenizerParts, toAddedToken } from '../tokenizer-parts';
import { describedBy, paddingSideOf, rolesOf, templateOf } from './class-settings';
import { cleanUpSpaces } from './clean-up';
import { type FolderConfig, type FolderToken, nameOf } from './folder-config';

/** The order in which tokens with a role get new ids. */
const ROLES = ['bos', 'eos', 'unk', 'sep', 'pad', 'cls', 'mask'] as const;

/** Tokens that the folder adds to those of the main file, or that it wants found in another way. */
function tokensToAdd(parts: TokenizerParts, config: FolderConfig): AddedTokenInput[] {
  const ofClass = rolesOf(config);
  // What only the class names is found as it says, whatever the files say.
  const amended = new Set<FolderToken>();
  const roleTokens = ROLES.flatMap((role) => {
    const isNamed = config.roles[role] !== undefined;
    const token = isNamed ? config.roleTokens[role] : ofClass?.[role];
    if (typeof token !== 'string') return token ?? [];
    const described = describedBy(config, role, token);
    if (!isNamed && typeof described !== 'string') amended.add(described);
    return described;
  });
  const specialTokens = [...roleTokens, ...config.otherSpecials];
  const specials = new Set(specialTokens.map(nameOf));
  const added = new Map<string, AddedTokenInput>();
  const add = (token: AddedTokenInput): void => {
    const known: AddedToken | undefined = parts.added.get(token.content);
    const isSame = (Object.keys(token) as (keyof AddedTokenInput)[]).every((name) => token[name] === known?.[name]);
    if (isSame) added.delete(token.content);
    else added.set(token.content, { ...token, special: token.special || specials.has(token.content) });
  };
  for (const token of config.addedTokens) add(token);
  const listed = new Set(config.addedTokens.map(({ content }) => content));
  for (const token of specialTokens) {
    const content = nameOf(token);
    if (!amended.has(token) && (listed.has(content) || parts.added.get(content) !== undefined)) continue;
    // Of two entries the one that says how the token is found counts.
    if (typeof token !== 'string' || !added.has(content)) add({ ...toAddedToken(token, true), special: true });
  }
  return [...added.values()];
}

/** The parts of a tokenizer with what its folder and its class add. */
export function amendParts(read: TokenizerParts, config: FolderConfig): TokenizerParts {
  const inputs = tokensToAdd(read, config);
  const { model, normalizer } = read;
  const roles = { ...rolesOf(config), ...read.roles };
  const added = inputs.length === 0 ? read.added : addTokens(inputs, model, normalizer, read.added.values());
  const parts: TokenizerParts = { ...read, roles, added };
  const paddingSide = config.paddingSide ?? paddingSideOf(config);
  const { padding, truncation } = parts;
  const { truncationSide, modelMaxLength } = config;
  const idOf = (token: string): number | undefined => added.get(token)?.id ?? model.vocab.idOf(token);
  const pad = roles.pad == null ? undefined : idOf(roles.pad);
  const template = templateOf(config, roles, (token) => idOf(token) !== undefined);
  return {
    ...parts,
    postProcessor: template ? TemplateProcessing.of(...template, idOf) : parts.postProcessor,
    padding: padding && {
      ...padding,
      side: paddingSide ?? padding.side,
      ...(pad === undefined ? {} : { id: pad, token: roles.pad as string }),
    },
    truncation: truncation && { ...truncation, side: truncationSide ?? truncation.side ?? 'right' },
    paddingSide,
    truncationSide,
    modelMaxLength,
    cleanUp: config.cleansUp ? cleanUpSpaces : undefined,
    allowedSpecial: config.splitsSpecialTokens ? 'none' : undefined,
  };
}
