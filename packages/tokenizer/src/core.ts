// What every download holds. Each part that is fetched later imports all of it, so that the build makes it one file:
// by usage alone it would fall into a dozen, one for every set of parts that share something.
import './files';
import './json';
import './models/model';
import './models/vocab';
import './options';
import './text/byte-alphabet';
import './text/byte-level-options';
import './text/pattern';
import './text/spans';
import './fast/scanner';
import './fast/word-cache';
import './tokenizer';
