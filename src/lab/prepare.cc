#include "lab/prepare.h"

#include <algorithm>

#include "base/file.h"
#include "base/json.h"
#include "isoflop/text.h"
#include "lab/mixture_study.h"
#include "lab/process.h"

namespace isoflop::lab {
namespace {

namespace fs = std::filesystem;

const CorpusRecipe* find_recipe(const std::string& name) {
  for (const CorpusRecipe& recipe : corpus_recipes()) {
    if (recipe.name == name) return &recipe;
  }
  return nullptr;
}

void check_length(const char* which, std::int64_t tokens, std::int64_t window) {
  if (tokens >= window) return;
  throw Error(Fault::bad_data, std::string("the ") + which + " split",
              "holds " + format_count(static_cast<double>(tokens)) +
                  " tokens, less than one window of block_size + 1 = " + format_count(static_cast<double>(window)),
              "use more text, or a smaller block_size");
}

}  // namespace

std::unique_ptr<Tokenizer> tokenizer_for(const Study& study, std::span<const Corpus> corpora, const LabOptions& options) {
  if (!study.tokenizer_file.empty()) return read_tokenizer(study.tokenizer_file);
  TokenizerOptions make;
  make.kind = study.tokenizer;
  make.from = study.vocabulary;
  make.vocab_size = study.vocab_size;
  make.pattern = study.split_pattern;
  make.threads = std::max<std::int64_t>(1, options.threads);
  return build_tokenizer(make, corpora, options.stop, options.progress);
}

Prepared prepare(const Study& study, const LabOptions& options) {
  if (study.mixture) return prepare_mixture(study, options);
  Prepared prepared;
  CorpusOptions corpus_options = study.corpus;
  if (corpus_options.inputs.empty() && !study.recipe.empty()) corpus_options.inputs = {study.recipe};
  if (corpus_options.split == SplitKind::none) {
    throw Error(Fault::usage, "split none", "holds nothing out, and runs are scored on held-out text",
                "choose block, document or source");
  }
  if (corpus_options.inputs.empty()) {
    throw Error(Fault::missing_input, "study `" + study.name + "`", "names no text",
                "give one with --data PATH, or a sample corpus: --data sotu");
  }
  for (const std::string& given : corpus_options.inputs) {
    const CorpusRecipe* recipe = find_recipe(given);
    prepared.title +=
        (prepared.title.empty() ? "" : ", ") + (recipe != nullptr ? recipe->title : fs::path(given).filename().string());
  }

  corpus_options.inputs =
      resolve_inputs(corpus_options.inputs, (options.cache / "corpora").string(), options.stop, options.progress);
  const Corpus corpus = Corpus::open(corpus_options, options.stop, options.progress);
  if (const std::string passed_over = corpus.passed_over(); options.log && !passed_over.empty()) options.log(passed_over);
  prepared.texts = {{prepared.title, corpus.manifest()}};
  prepared.tokenizer = tokenizer_for(study, std::span(&corpus, 1), options);

  EncodeOptions encode;
  encode.root = (options.cache / "tokens").string();
  encode.threads = std::max<std::int64_t>(1, options.threads);
  prepared.tokens = encode_corpus(corpus, *prepared.tokenizer, encode, options.stop, options.progress);
  prepared.train_bytes_per_token = static_cast<double>(prepared.tokens.train_bytes) /
                                   static_cast<double>(std::max<std::int64_t>(1, prepared.tokens.train->size()));

  for (const StudyModel& model : study.models) {
    check_length("training", prepared.tokens.train->size(), model.shape.block_size + 1);
    check_length("held-out", prepared.tokens.held_out->size(), 2);
  }
  prepared.resident_bytes = resident_bytes();
  return prepared;
}

std::string manifests_to_json(const std::vector<NamedManifest>& texts) {
  if (texts.size() == 1) return to_json(texts.front().manifest);
  Json list = Json::array();
  for (const NamedManifest& text : texts)
    list.push_back({{"name", text.name}, {"manifest", parse_json(to_json(text.manifest), text.name)}});
  return Json{{"schema_version", 1}, {"texts", list}}.dump(1) + "\n";
}

std::vector<NamedManifest> manifests_from_json(const std::string& text, const std::string& subject) {
  const Json file = parse_json(text, subject);
  if (!file.contains("texts")) return {{"", corpus_manifest_from_json(text, subject)}};
  std::vector<NamedManifest> texts;
  for (const Json& one : file.at("texts"))
    texts.push_back({json_get<std::string>(one, "name", subject),
                     corpus_manifest_from_json(json_get<Json>(one, "manifest", subject).dump(), subject)});
  return texts;
}

}  // namespace isoflop::lab
