// A study read from text; study_toml.cc writes it.
#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "base/file.h"
#include "isoflop/lab.h"
#include "isoflop/text.h"
#include "lab/design.h"
#include "lab/mixture_toml.h"
#include "lab/toml_reader.h"

namespace isoflop {

namespace embedded {
extern const std::string_view study_quick, study_gpt2mini, study_first_law;
}

namespace {

using lab::TomlReader;

struct Preset {
  const char* name;
  const std::string_view* text;
};
constexpr Preset kPresets[] = {
    {"first-law", &embedded::study_first_law}, {"quick", &embedded::study_quick}, {"gpt2mini", &embedded::study_gpt2mini}};

template <class T, class U>
void set(T& target, const std::optional<U>& value) {
  if (value) target = static_cast<T>(*value);
}

// runs a converter that knows no file and adds where the word stands
template <class Convert>
auto at_key(const TomlReader& reader, const char* key, Convert convert) {
  try {
    return convert();
  } catch (const Error& error) {
    reader.fail(key, error.problem(), error.hint());
  }
}

VocabularyFrom vocabulary_from(const std::string& text) {
  if (text == "training_split" || text == "training-split") return VocabularyFrom::training_split;
  if (text == "whole_corpus" || text == "whole-corpus") return VocabularyFrom::whole_corpus;
  throw Error(Fault::bad_study, "", "is `" + text + "`, expected training_split or whole_corpus");
}

// keys of byte-pair tokenizers: without one they would say nothing
void read_bpe(TomlReader& reader, Study& study) {
  const auto size = reader.integer("vocab_size");
  const auto pattern = reader.text("split_pattern");
  for (const char* key : {size ? "vocab_size" : "", pattern ? "split_pattern" : ""}) {
    if (*key != 0 && study.tokenizer != TokenizerKind::bpe)
      reader.fail(key, "belongs to tokenizer = \"bpe\"", "the vocabulary of the others comes from the text");
  }
  if (size && (*size < 257 || *size > kMostTokens))
    reader.fail("vocab_size",
                format_number(*size) + ", expected 257 (the bytes and the end of text) to " + format_number(kMostTokens));
  set(study.vocab_size, size);
  if (pattern) study.split_pattern = at_key(reader, "split_pattern", [&] { return split_pattern_from(*pattern); });
}

void read_data(TomlReader& reader, Study& study) {
  CorpusOptions& corpus = study.corpus;
  set(corpus.inputs, reader.texts("inputs"));
  set(study.recipe, reader.text("recipe"));
  set(corpus.text_key, reader.text("text_key"));
  set(corpus.source_key, reader.text("source_key"));
  if (const auto word = reader.text("utf8")) corpus.utf8 = at_key(reader, "utf8", [&] { return utf8_policy_from(*word); });
  if (const auto word = reader.text("split")) corpus.split = at_key(reader, "split", [&] { return split_kind_from(*word); });
  if (corpus.split == SplitKind::none)
    reader.fail("split", "`none` holds nothing out, and runs are scored on held-out text", "choose block, document or source");
  set(corpus.val_fraction, reader.number("val_fraction"));
  set(corpus.block_characters, reader.integer("block_characters"));
  set(corpus.near_duplicates_together, reader.boolean("near_duplicates_together"));
  try {
    validate(corpus);
  } catch (const Error& error) {
    reader.fail(error.subject().c_str(), error.problem(), error.hint());
  }
  set(study.tokenizer_file, reader.text("tokenizer_file"));
  const auto kind = reader.text("tokenizer"), vocabulary = reader.text("vocabulary");
  if (kind) study.tokenizer = at_key(reader, "tokenizer", [&] { return tokenizer_kind_from(*kind); });
  if (vocabulary) study.vocabulary = at_key(reader, "vocabulary", [&] { return vocabulary_from(*vocabulary); });
  if (!study.tokenizer_file.empty() && (kind || vocabulary))
    reader.fail(kind ? "tokenizer" : "vocabulary", "stands beside tokenizer_file, which says all of it");
  read_bpe(reader, study);
  if (const auto word = reader.text("order"))
    study.train.order = at_key(reader, "order", [&] { return parse_enum<BatchOrder>(*word, "order"); });
  set(study.train.token_noise, reader.number("token_noise"));
  if (!(study.train.token_noise >= 0 && study.train.token_noise < 1))
    reader.fail("token_noise", format_number(study.train.token_noise) + ", expected a share in [0, 1)");
  reader.finish();
}

void read_shape(TomlReader& reader, Shape& shape) {
  set(shape.n_layer, reader.integer("n_layer"));
  set(shape.n_head, reader.integer("n_head"));
  set(shape.n_kv_head, reader.integer("n_kv_head"));
  set(shape.n_embd, reader.integer("n_embd"));
  set(shape.n_inner, reader.integer("n_inner"));
  set(shape.block_size, reader.integer("block_size"));
  set(shape.bias, reader.boolean("bias"));
  set(shape.tied_head, reader.boolean("tied_head"));
  set(shape.dropout, reader.number("dropout"));
  set(shape.experts, reader.integer("experts"));
  set(shape.top_k, reader.integer("top_k"));
  if (const auto word = reader.text("activation"))
    shape.activation = at_key(reader, "activation", [&] { return activation_from(*word); });
}

void read_train(TomlReader& reader, Study& study) {
  RunSpec& run = study.train;
  OptimizerSpec& optimizer = run.optimizer;
  ScheduleSpec& schedule = run.schedule;
  if (const auto word = reader.text("optimizer"))
    optimizer.kind = at_key(reader, "optimizer", [&] { return parse_enum<OptimizerKind>(*word, "optimizer"); });
  set(optimizer.learning_rate, reader.number("learning_rate"));
  set(optimizer.beta1, reader.number("beta1"));
  study.beta2_scaled = reader.is_word("beta2", "scaled");
  if (!study.beta2_scaled) set(optimizer.beta2, reader.number("beta2"));
  set(optimizer.epsilon, reader.number("epsilon"));
  set(optimizer.weight_decay, reader.number("weight_decay"));
  if (const auto word = reader.text("decay_on"))
    optimizer.decay_on = at_key(reader, "decay_on", [&] { return parse_enum<DecayOn>(*word, "decay_on"); });
  set(optimizer.grad_clip, reader.number("grad_clip"));
  if (const auto word = reader.text("schedule"))
    schedule.kind = at_key(reader, "schedule", [&] { return parse_enum<ScheduleKind>(*word, "schedule"); });
  study.warmup_scaled = reader.is_word("warmup_iters", "scaled");
  if (!study.warmup_scaled) set(schedule.warmup_iters, reader.integer("warmup_iters"));
  set(schedule.warmup_from_zero, reader.boolean("warmup_from_zero"));
  set(schedule.min_lr, reader.number("min_lr"));
  set(study.min_lr_fraction, reader.number("min_lr_fraction"));
  set(schedule.decay_fraction, reader.number("decay_fraction"));
  set(run.batch_size, reader.integer("batch_size"));
  set(run.gradient_accumulation_steps, reader.integer("gradient_accumulation_steps"));
  const auto max_iters = reader.integer("max_iters");
  set(run.max_iters, max_iters);
  set(study.target_flops, reader.number("target_flops"));
  set(study.target_param_data_ratio, reader.number("target_param_data_ratio"));
  if ((max_iters ? 1 : 0) + (study.target_flops ? 1 : 0) + (study.target_param_data_ratio ? 1 : 0) > 1) {
    reader.fail(study.target_flops ? "target_flops" : "target_param_data_ratio",
                "max_iters, target_flops and target_param_data_ratio exclude each other", "give exactly one of them");
  }
  study.init_std_scaled = reader.is_word("init_std", "scaled");
  if (!study.init_std_scaled) set(run.init_std, reader.number("init_std"));
  set(run.grad_lanes, reader.integer("grad_lanes"));
  if (const auto word = reader.text("dtype"))
    study.dtype = at_key(reader, "dtype", [&] { return parse_enum<Dtype>(*word, "dtype"); });
  if (const auto seeds = reader.integers("seeds")) {
    if (seeds->empty()) reader.fail("seeds", "must hold at least one seed");
    study.seeds.clear();
    for (const std::int64_t seed : *seeds) {
      if (seed < 0) reader.fail("seeds", "must not be negative");
      const auto value = static_cast<std::uint64_t>(seed);
      if (std::count(study.seeds.begin(), study.seeds.end(), value) > 0) {
        reader.fail("seeds", format_number(seed) + " stands twice", "the same seed gives the same run: it is no replicate");
      }
      study.seeds.push_back(value);
    }
  }
  set(study.budget_minutes, reader.number("budget_minutes"));
  if (study.budget_minutes && !(std::isfinite(*study.budget_minutes) && *study.budget_minutes > 0))
    reader.fail("budget_minutes", "must be a finite number above 0");
  reader.finish();
}

void read_sweep(TomlReader& reader, Study& study) {
  LearningRateSweep sweep;
  set(sweep.start, reader.number("start"));
  set(sweep.factor, reader.number("factor"));
  set(sweep.length, reader.number("length"));
  set(sweep.widest, reader.integer("widest"));
  if (!(std::isfinite(sweep.start) && sweep.start > 0)) reader.fail("start", "must be a positive learning rate");
  if (!(std::isfinite(sweep.factor) && sweep.factor > 1)) reader.fail("factor", "must be a finite number above 1");
  if (!(sweep.length > 0 && sweep.length <= 1)) reader.fail("length", "must lie in (0, 1]");
  if (sweep.widest < 3) reader.fail("widest", "must be at least 3: a best rate needs a worse one on both sides");
  reader.finish();
  study.learning_rate_sweep = sweep;
}

// what a shape may leave open, filled: two that differ in that alone are one
Shape filled(Shape shape) {
  if (shape.n_kv_head == 0) shape.n_kv_head = shape.n_head;
  shape.n_inner = inner_size(shape);
  return shape;
}

// what each key allows alone may still make no run: found here, at the key's place
void check_whole(const toml::table& table, const Study& study, const std::string& subject) {
  try {
    lab::check_runs(study);
  } catch (const Error& error) {
    static constexpr const char* kSections[] = {"train", "learning_rate_sweep", "model", "eval"};
    std::string key = error.subject();
    for (const char* section : kSections) {
      const std::string inside = std::string(section) == "eval" && key.starts_with("eval_") ? key.substr(5) : key;
      if (const auto* inner = table[section].as_table(); inner != nullptr && inner->contains(inside)) {
        TomlReader(*inner, subject, std::string(section) + ".").fail(inside.c_str(), error.problem(), error.hint());
      }
    }
    throw Error(Fault::bad_study, subject, "`" + key + "`: " + error.problem(), error.hint());
  }
}

void read_models(TomlReader& root, const Shape& shared, Study& study, const std::string& subject) {
  for (TomlReader& reader : root.tables("models")) {
    StudyModel model;
    model.shape = shared;
    const auto name = reader.text("name");
    read_shape(reader, model.shape);
    model.name = name.value_or("model" + std::to_string(study.models.size() + 1));
    for (const StudyModel& other : study.models) {
      if (other.name == model.name) reader.fail("name", "`" + model.name + "` stands twice");
      if (filled(other.shape) == filled(model.shape)) {
        reader.fail("name", "`" + model.name + "` has the shape of `" + other.name + "`",
                    "to train a size again, give more seeds");
      }
    }
    reader.finish();

    Shape probe = model.shape;
    probe.vocab_size = 1;  // known once the text is read
    try {
      validate(probe);
    } catch (const Error& error) {
      throw Error(Fault::bad_study, subject, "model `" + model.name + "`: " + error.subject() + ": " + error.problem(),
                  error.hint());
    }
    study.models.push_back(model);
  }
  if (study.models.empty())
    throw Error(Fault::bad_study, subject, "no model is named", "add a [[models]] table with n_layer, n_head and n_embd");
}

}  // namespace

Study study_from_toml(const std::string& text, const std::string& subject) {
  toml::table table;
  try {
    table = toml::parse(text, subject);
  } catch (const toml::parse_error& error) {
    const auto& at = error.source().begin;
    throw Error(Fault::bad_study, subject + ":" + std::to_string(at.line) + ":" + std::to_string(at.column),
                std::string(error.description()));
  }

  Study study;
  study.text = text;
  study.source = subject;
  TomlReader root(table, subject, "");
  set(study.name, root.text("name"));
  set(study.title, root.text("title"));
  set(study.reproduces, root.text("reproduces"));
  if (study.title.empty()) study.title = study.name;
  if (study.name.empty() || study.name.find('/') != std::string::npos || study.name[0] == '.') {
    root.fail("name", "must be a name that can be a folder's");
  }

  if (auto reader = root.table("data")) read_data(*reader, study);
  Shape shared;
  if (auto reader = root.table("model")) {
    read_shape(*reader, shared);
    reader->finish();
  }
  if (auto reader = root.table("train")) read_train(*reader, study);
  if (auto reader = root.table("eval")) {
    set(study.train.eval.interval, reader->integer("interval"));
    set(study.train.eval.patience, reader->integer("patience"));
    set(study.train.eval.max_windows, reader->integer("max_windows"));
    if (study.train.eval.interval < 0) reader->fail("interval", "must not be negative");
    if (study.train.eval.max_windows < 0) reader->fail("max_windows", "must not be negative");
    reader->finish();
  }
  if (auto reader = root.table("learning_rate_sweep")) read_sweep(*reader, study);
  if (auto reader = root.table("mixture")) study.mixture = lab::read_mixture(*reader);
  if (auto reader = root.table("fit")) {
    set(study.fit_losses, reader->texts("loss"));
    if (study.fit_losses.empty()) reader->fail("loss", "names no loss, expected final, best, train or several");
    for (const std::string& loss : study.fit_losses) {
      if (std::count(study.fit_losses.begin(), study.fit_losses.end(), loss) > 1)
        reader->fail("loss", "`" + loss + "` stands twice");
      if (loss != "final" && loss != "best" && loss != "train")
        reader->fail("loss", "is `" + loss + "`, expected final, best or train");
    }
    set(study.allow_repeated, reader->boolean("allow_repeated"));
    reader->finish();
  }
  if (auto reader = root.table("budget")) {
    StepsSet steps;
    set(steps.by, reader->text("by"));
    set(steps.asked, reader->integer("max_iters"));
    reader->finish();
    study.steps_set = steps;
  }
  read_models(root, shared, study, subject);
  if (study.mixture) {
    if (study.models.size() != 1)
      root.fail("mixture", "needs one model, not " + std::to_string(study.models.size()), "the proxies are all of one size");
    if (study.learning_rate_sweep)
      root.fail("mixture", "excludes [learning_rate_sweep]",
                "give train.learning_rate; mixtures are tried at a smaller rate, too");
    if (study.budget_minutes) root.fail("mixture", "excludes train.budget_minutes", "give max_iters");
    if (!study.corpus.inputs.empty() || !study.recipe.empty())
      root.fail("mixture", "has its own texts", "leave out data.inputs and data.recipe");
  }
  root.finish();
  check_whole(table, study, subject);
  return study;
}

Study load_study(const std::filesystem::path& path) {
  const std::string text = read_file(path);
  Study study = study_from_toml(text, path.string());
  if (study.name == "study" && path.has_stem()) {
    const bool untitled = study.title == study.name;
    study.name = path.stem().string();
    if (untitled) study.title = study.name;
  }
  return study;
}

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const Preset& preset : kPresets) names.emplace_back(preset.name);
  return names;
}

Study preset_study(const std::string& name) {
  for (const Preset& preset : kPresets) {
    if (name == preset.name) return study_from_toml(std::string(*preset.text), std::string("preset ") + preset.name);
  }
  const auto close = nearest(name, preset_names());
  std::string known;
  for (const std::string& preset : preset_names()) known += (known.empty() ? "" : ", ") + preset;
  throw Error(Fault::usage, "--preset", "unknown preset `" + name + "`; known: " + known,
              close ? "did you mean " + *close + "?" : "");
}

}  // namespace isoflop
