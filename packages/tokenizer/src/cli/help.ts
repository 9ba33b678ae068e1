// What `--help` says.

export const HELP = `Usage: npx @heddle/tokenizer <command> [options] [files…]

Reads the files, or standard input where none is named, line by line.

Commands:
  train     learn a tokenizer from texts
  encode    text to ids
  decode    ids to text
  count     number of tokens of each file, and in all
  inspect   a text with its tokens in colour

Options:
  -t, --tokenizer PATH   tokenizer.json, a folder, or a .model, .tiktoken, .bin or vocab.txt file
      --json             encode: { ids, tokens, offsets } for each line
      --no-special       encode, count: without the special tokens that the tokenizer adds
      --max-length N     encode: at most N tokens a line
      --keep-special     decode: special tokens, too
  -m, --model KIND       train: wordpiece (default), bpe, unigram or wordlevel
  -v, --vocab-size N     train: tokens in all (default 30000, unigram 8000)
      --min-frequency N  train: how often a pair must occur (default 0)
      --threads N        train: threads that read the texts (default 1)
      --special A,B,C    train: special tokens, in the order of their ids
      --lowercase        train: lower case (default for wordpiece; --no-lowercase keeps case)
  -o, --out PATH         train: where to write (a folder, or a .json file)
  -h, --help             this text

Examples:
  npx @heddle/tokenizer train --model bpe --vocab-size 8000 --out my-tokenizer corpus.txt
  npx @heddle/tokenizer encode --tokenizer my-tokenizer --json < questions.txt
  echo "15496 995" | npx @heddle/tokenizer decode --tokenizer gpt2/tokenizer.json
  npx @heddle/tokenizer count --tokenizer my-tokenizer chapter-*.txt
  npx @heddle/tokenizer inspect --tokenizer my-tokenizer README.md
`;
