// The tokenizers' classes of transformers' models, for folders that name the model only. Follows transformers 4.44
// (tokenization_auto.py), for the classes that set something.

/** What a config.json calls the models of each class. */
const MODEL_TYPES: Readonly<Record<string, string>> = {
  Bart: 'bart',
  Bert: 'align bark bert blip bros chinese_clip ernie git grounding-dino megatron-bert nezha qdqbert tvp vilt visual_bert',
  Blenderbot: 'blenderbot',
  Bloom: 'bloom',
  CLIP: 'clip clipseg groupvit oneformer owlv2 owlvit xclip',
  CodeGen: 'codegen phi',
  CodeLlama: 'code_llama',
  Cohere: 'cohere',
  ConvBert: 'convbert',
  Deberta: 'deberta',
  DistilBert: 'distilbert',
  Electra: 'electra',
  Funnel: 'funnel',
  Gemma: 'gemma gemma2 recurrent_gemma',
  GPT2: 'blip-2 dbrx gpt2 gpt_bigcode gpt_neo gptj instructblip instructblipvideo opt starcoder2',
  GPTNeoX: 'gpt_neox mamba mamba2 mpt olmo rwkv stablelm',
  LayoutLM: 'layoutlm',
  LayoutLMv3: 'layoutlmv3 lilt',
  LED: 'led',
  Llama:
    'chameleon idefics idefics2 jamba jetmoe llama llava llava-next-video llava_next mistral mixtral paligemma persimmon phi3 video_llava vipllava',
  Longformer: 'longformer',
  Lxmert: 'lxmert',
  MBart: 'mbart',
  MBart50: 'mbart50',
  MobileBert: 'mobilebert',
  MPNet: 'mpnet',
  Mvp: 'mvp',
  Nllb: 'nllb nllb-moe',
  Roberta: 'bridgetower clap data2vec-text ibert mega mra roberta roberta-prelayernorm',
  SeamlessM4T: 'seamless_m4t seamless_m4t_v2',
  SqueezeBert: 'squeezebert',
  Whisper: 'whisper',
  XLNet: 'xlnet',
};

const CLASSES = new Map(
  Object.entries(MODEL_TYPES).flatMap(([name, types]) => types.split(' ').map((type) => [type, `${name}Tokenizer`])),
);

/** The class of a type of model; undefined for those whose class sets nothing. */
export function classOfModel(type: unknown): string | undefined {
  return typeof type === 'string' ? CLASSES.get(type) : undefined;
}
